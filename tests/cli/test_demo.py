"""``cotam demo``: what each method shows of a scene, and what an MLLM answers then."""

import json
import re

import numpy as np
import pytest
from PIL import Image

import cotam as package
from cotam.checkpoint import find_adapter
from cotam.cli.demo import PAGE, SCENE, STREAM
from cotam.cli.demo_photograph import find_photograph
from cotam.levelvqa import scene, split_seeds

BUDGET = 4000


@pytest.fixture
def without_embedded(monkeypatch):
    monkeypatch.setattr("cotam.cli.demo._missing", lambda: "nobody is here")


def test_the_demo_asks_all_questions_of_every_method(
    cotam, small_llava, small_adapter, random_model_path, tmp_path
):
    ran = cotam(
        *("demo", "-o", tmp_path, "--seed", 3, "--target-bytes", BUDGET, "--json", "--mllm", small_llava),
        *("--adapter", small_adapter, "--model", random_model_path),
    )
    told, drawn = json.loads(ran.out), scene(split_seeds("test", 1, 3)[0])
    names = ["original", "JPEG", "AVIF", "cotam", "cotam guided", "cotam guided + adapter"]
    assert [method["method"] for method in told["methods"]] == names
    assert [question["text"] for question in told["questions"]] == [q.text for q in drawn.questions]
    assert told["missing"] == {}
    for method in told["methods"]:
        assert len(method["answers"]) == len(drawn.questions)
        assert method["fits"] == (method["bytes"] is None or method["bytes"] <= BUDGET)
    assert np.array_equal(np.asarray(Image.open(tmp_path / SCENE)), np.asarray(drawn.image))
    assert len((tmp_path / STREAM).read_bytes()) == told["methods"][4]["bytes"]
    assert np.ndim(told["importance"]) == 2


def test_the_answers_are_the_model_s_own(cotam, small_llava, small_adapter, random_model_path, tmp_path):
    ran = cotam(
        *("demo", "-o", tmp_path, "--json", "--mllm", small_llava),
        *("--adapter", small_adapter, "--model", random_model_path),
    )
    told, stream = json.loads(ran.out), tmp_path / STREAM
    mllm = package.load_mllm(small_llava, adapter=small_adapter, codec=random_model_path)
    asked = [question["text"] for question in told["questions"]]
    truth = [question["answer"] for question in told["questions"]]
    sources = {0: (tmp_path / SCENE, "pixels"), 4: (stream, "pixels"), 5: (stream, "adapter")}
    for number, (source, mode) in sources.items():
        method = told["methods"][number]
        answers = mllm.answer_batch([(source, text) for text in asked], mode=mode, max_new_tokens=8)
        assert method["answers"] == answers
        assert method["right"] == sum(a == b for a, b in zip(answers, truth, strict=True))


def test_the_demo_without_an_adapter_has_a_column_less_and_says_so(
    cotam, small_llava, random_model_path, tmp_path
):
    ran = cotam("demo", "-o", tmp_path / "new", "--mllm", small_llava, "--model", random_model_path)
    page, shown = Image.open(tmp_path / "new" / PAGE), ran.out.decode()
    assert ran.code == 0
    assert page.format == "PNG"
    assert "cotam guided + adapter is left out: there is no latent adapter for" in ran.err
    assert re.search(r"right answers\s+\d+ of \d+", shown)
    assert f"cotam ask {tmp_path / 'new' / STREAM} " in shown


def test_an_adapter_that_ships_is_taken_unasked(
    cotam, small_llava, small_adapter, random_model_path, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        "cotam.checkpoint.adapter_choice.known_adapters", lambda: (find_adapter(small_adapter),)
    )
    asked = ("demo", "-o", tmp_path, "--json", "--mllm", small_llava, "--model", random_model_path)
    methods = json.loads(cotam(*asked).out)["methods"]
    assert methods[-1]["method"] == "cotam guided + adapter"


def test_where_nobody_can_answer_a_photograph_is_compared(
    cotam, random_model_path, tmp_path, without_embedded
):
    pytest.importorskip("skimage")
    ran = cotam("demo", "-o", tmp_path / "new", "--model", random_model_path)
    shown = ran.out.decode()
    assert ran.code == 0
    assert "no questions are asked: nobody is here. A photograph is compared instead." in ran.err
    assert Image.open(tmp_path / "new" / PAGE).format == "PNG"
    assert f"{(tmp_path / 'new' / STREAM).stat().st_size:,}" in shown
    assert f"cotam info {tmp_path / 'new' / STREAM}" in shown


def test_the_demo_without_its_photograph_says_what_to_install(monkeypatch):
    monkeypatch.setattr("cotam.cli.demo_photograph.find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"pip install 'cotam\[bench\]'"):
        find_photograph()


def test_a_model_that_is_not_there_is_named(cotam, tmp_path):
    ran = cotam("demo", "-o", tmp_path, "--mllm", "./nowhere")
    assert ran.code == 1
    assert "./nowhere: no such folder" in ran.problem
