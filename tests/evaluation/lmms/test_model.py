import json
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from cotam.evaluation.lmms.manifest import manifest
from cotam.levelvqa import questions_of, sample_graph, scene, split_seeds
from cotam.levelvqa.export import ExportPlan, export
from cotam.levelvqa.lmms_task import doc_to_text, doc_to_visual, percent, process_results
from cotam.levelvqa.scoring import score

ROOT = Path(__file__).parents[3]
NUM = 2


class Knowing:
    """Answers rightly to every second question; the truth comes from the scenes, by text and picture."""

    name, identity = "knowing", "knowing"

    def __init__(self, mllm=None):
        found = [scene(seed) for seed in split_seeds("test", NUM)]
        self.truth = {
            (one.image.tobytes(), q.text): q.answer if number % 2 else "no idea"
            for one in found
            for number, q in enumerate(one.questions)
        }

    def answerer(self, mode, adapter, codec):
        return self

    def chat(self, messages, max_new_tokens):
        image, text = messages[-1]["content"]
        return self.truth[image["image"].convert("RGB").tobytes(), text["text"]] + "\nAnd so on"


@pytest.fixture
def model(interface, monkeypatch):
    pytest.importorskip("tqdm")
    module = import_module("cotam.evaluation.lmms.model")
    monkeypatch.setattr(module, "MllmAnswerers", Knowing)
    monkeypatch.setattr(module, "load_mllm", lambda *_, **__: None)
    return module.CotamModel("knowing", "png", batch_size=1)


def test_requests_are_answered_in_order_with_every_image_coded(model):
    found = scene(split_seeds("test", 1)[0])
    documents = [{"image": found.image, "question": q.text} for q in found.questions]
    model.task_dict = {"levelvqa": {"test": documents}}

    def to_messages(doc):
        parts = [{"type": "image", "url": doc["image"]}, {"type": "text", "text": doc["question"]}]
        return [{"role": "user", "content": parts}]

    options = {"max_new_tokens": 8, "until": ["\n"]}
    requests = [
        SimpleNamespace(args=("", to_messages, options, number, "levelvqa", "test"))
        for number in range(len(documents))
    ]
    expected = [q.answer if n % 2 else "no idea" for n, q in enumerate(found.questions)]
    assert model.generate_until(requests) == expected
    assert model.relay.images == 1
    assert not model.is_simple


def test_what_is_not_supported_says_so(model):
    with pytest.raises(NotImplementedError, match="given answers"):
        model.loglikelihood([])
    with pytest.raises(NotImplementedError, match="several rounds"):
        model.generate_until_multi_round([])


def test_semicolons_in_the_method_stand_for_commas(interface, monkeypatch, random_model_path):
    module = import_module("cotam.evaluation.lmms.model")
    monkeypatch.setattr(module, "MllmAnswerers", Knowing)
    monkeypatch.setattr(module, "load_mllm", lambda *_, **__: None)
    made = module.CotamModel(method="cotam-s+saliency:grid=4;k=1", bpp=0.5, model=str(random_model_path))
    assert made.relay.method.name == "cotam-s+saliency:grid=4,k=1"


def test_the_entry_point_names_a_manifest_of_a_chat_model(interface):
    points = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    module, name = points["lmms_eval.models"]["cotam"].split(":")
    assert getattr(import_module(module), name) is manifest
    found = manifest()
    assert found.model_id == "cotam"
    module, name = found.chat_class_path.rsplit(".", 1)
    assert getattr(import_module(module), name).is_simple is False


def test_without_the_package_its_name_is_in_the_error(cotam_eval):
    if cotam_eval is None:
        pytest.skip("lmms-eval is installed")
    code, error = cotam_eval("--tasks", "mme", "--bpp", "0.1")
    assert code == 1
    assert error == "cotam: error: lmms_eval is not installed: pip install lmms-eval"


@pytest.fixture
def cotam_eval(capsys):
    from importlib.util import find_spec

    from cotam.cli.running import run

    if find_spec("lmms_eval"):
        return None

    def call(*words: str) -> tuple[int, str]:
        return run(["eval", "lmms", *words]), capsys.readouterr().err.strip()

    return call


def test_the_tasks_functions_read_rows_and_score_as_levelvqa_does():
    asked = [q for seed in split_seeds("test", 6) for q in questions_of(sample_graph(seed))]
    answers = {q.id: f"The {q.answer.upper()}." if n % 3 else "no idea" for n, q in enumerate(asked)}
    rows = [process_results({"answer": q.answer, "level": q.level}, [answers[q.id]]) for q in asked]
    expected = score(answers, asked)
    assert percent(row["accuracy"] for row in rows) == pytest.approx(expected.overall.percent)
    for level, accuracy in expected.levels.items():
        assert percent(row[level] for row in rows if level in row) == pytest.approx(accuracy.percent)


def test_a_document_gives_an_rgb_picture_and_the_question_between_the_models_words():
    doc = {"image": Image.new("L", (4, 4)), "question": "How many?"}
    assert doc_to_visual(doc)[0].mode == "RGB"
    assert doc_to_text(doc) == "How many?"
    assert doc_to_text(doc, {"pre_prompt": "Q: ", "post_prompt": "\nOne word."}) == "Q: How many?\nOne word."


@pytest.fixture
def exported(tmp_path):
    pytest.importorskip("pyarrow")
    export(ExportPlan("test", NUM, formats=("lmms",)), tmp_path / "scenes")
    return tmp_path / "scenes"


def test_an_export_writes_a_task_that_names_its_own_data_and_functions(exported):
    yaml = pytest.importorskip("yaml")

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!function", lambda loader, node: node.value)
    task = yaml.load((exported / "lmms" / "levelvqa.yaml").read_text(), Loader)
    assert task["task"] == "levelvqa"
    assert Path(task["dataset_kwargs"]["data_files"]["test"]) == (exported / "levelvqa.parquet").resolve()
    assert [row["metric"] for row in task["metric_list"]] == ["accuracy", "low", "cross", "high"]
    source = (exported / "lmms" / "levelvqa_functions.py").read_text()
    named = {
        value.removeprefix("levelvqa_functions.")
        for value in re.findall(r"!function (\S+)", str_of(exported))
    }
    assert all(re.search(rf"\b{name}\b", source) for name in named)
    subprocess.run([sys.executable, str(exported / "lmms" / "levelvqa_functions.py")], check=True)


def str_of(exported: Path) -> str:
    return (exported / "lmms" / "levelvqa.yaml").read_text()


def test_lmms_eval_itself_gives_the_scores_of_levelvqa_score(model, exported, tmp_path, monkeypatch):
    """Runs only where lmms-eval is installed: offline, on an exported task."""
    pytest.importorskip("lmms_eval.evaluator")
    from cotam.evaluation.lmms.running import find_tasks, run_tasks
    from cotam.levelvqa.answer_files import read_answers

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ValueError, match="unknown task 'levelvqb'; near to it: levelvqa"):
        find_tasks(["levelvqb"], exported / "lmms")
    found = run_tasks(model, ["levelvqa"], find_tasks(["levelvqa"], exported / "lmms"), None)
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in found["answers"]["levelvqa"]))
    expected = score(*read_answers(path))
    assert 0 < expected.overall.percent < 100
    assert found["tasks"]["levelvqa"]["accuracy"] == pytest.approx(expected.overall.percent)
    for level, accuracy in expected.levels.items():
        assert found["tasks"]["levelvqa"][level] == pytest.approx(accuracy.percent)
    assert found["images"] == NUM
    assert found["bpp"] > 0
