"""The command: options, and the seam for a model's answers. The tower is a small random one."""

import json
from pathlib import Path

import pytest
import torch

from cotam.levelvqa import scene, split_seeds

from .conftest import Command


@pytest.fixture(scope="module")
def tower(tmp_path_factory: pytest.TempPathFactory) -> Path:
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("tower")
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2, "num_hidden_layers": 9}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = transformers.CLIPVisionConfig(**sizes, image_size=64, patch_size=16)
        transformers.CLIPVisionModel(config).save_pretrained(folder)
    return folder


def write_answers(path: Path, seeds: range, right: bool) -> Path:
    lines = [
        json.dumps({"id": question.id, "answer": question.answer if right else "no idea"})
        for seed in seeds
        for question in scene(seed).questions
    ]
    path.write_text("\n".join(lines))
    return path


def test_a_folder_gives_report_page_and_plots_at_rates(
    cotam: Command, folder: Path, tower: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    options = ["--tower", tower, "--codecs", "jpeg,webp", "--bpp", "2,4", "--out", out]
    done = cotam("analyze", "--images", folder, *options, "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert report == json.loads((out / "analysis.json").read_text())
    assert report["rates"] == [2, 4]
    assert report["tower"]["blocks"] == 9
    assert "left out: " in done.err
    assert "broken.png" in done.err
    assert len(list((out / "pictures").iterdir())) == report["pictures"] == 2
    assert (out / "analysis.html").is_file()


def test_answers_stand_beside_the_curves(cotam: Command, tower: Path, tmp_path: Path) -> None:
    seeds = split_seeds("test", 2)
    right = write_answers(tmp_path / "right.jsonl", seeds, True)
    wrong = write_answers(tmp_path / "wrong.jsonl", seeds, False)
    given = ["--answers", f"original={right}", "--answers", f"jpeg@0.5={wrong}"]
    options = ["--tower", tower, "--codecs", "jpeg", "--qualities", "10,50", "--keep", tmp_path / "kept"]
    done = cotam("analyze", "--levelvqa", 2, *options, *given, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    report = json.loads((tmp_path / "out" / "analysis.json").read_text())
    assert [(row["codec"], row["bpp"]) for row in report["accuracy"]] == [("original", None), ("jpeg", 0.5)]
    assert {level["percent"] for level in report["accuracy"][0]["levels"].values()} == {100}
    assert (tmp_path / "out" / "analysis-accuracy.png").is_file()
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_a_folder_of_answers_is_read_whole(cotam: Command, tower: Path, tmp_path: Path) -> None:
    said, seeds = tmp_path / "said", split_seeds("test", 2)
    said.mkdir()
    for name in ("original", "jpeg@0.5", "jpeg@q10"):
        write_answers(said / f"{name}.jsonl", seeds, name == "original")
    options = ["--tower", tower, "--codecs", "jpeg", "--qualities", "10,50", "--out", tmp_path / "out"]
    done = cotam("analyze", "--levelvqa", 2, *options, "--answers", said, "--json")
    assert done.code == 0, done.err
    found = {(row["codec"], row["bpp"]) for row in json.loads(done.out)["accuracy"]}
    assert found == {("original", None), ("jpeg", 0.5)}
    empty = cotam("analyze", "--levelvqa", 2, *options, "--answers", tmp_path / "out")
    assert empty.code == 1
    assert "holds no original.jsonl and no CODEC@BPP.jsonl" in empty.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "--images, or a number of scenes with --levelvqa"),
        (["--images", "none"], 1, "no such folder"),
        (["--levelvqa", "2", "--qualities", "10", "--bpp", "1"], 2, "exclude each other"),
        (["--levelvqa", "2", "--bpp", "few"], 2, "'few' is no list of numbers"),
        (["--levelvqa", "2", "--qualities", "0"], 2, "qualities must be from 1 to 100, not 0"),
        (["--levelvqa", "2", "--codecs", "gif"], 2, "unknown codec 'gif'"),
        (["--levelvqa", "2", "--answers", "jpeg=a.jsonl"], 2, "original=FILE or CODEC@BPP=FILE"),
        (["--levelvqa", "2", "--codecs", "jpeg", "--tower", "/nowhere"], 1, "/nowhere: no such folder"),
    ],
)
def test_bad_use_is_one_line(
    cotam: Command,
    arguments: list[str],
    code: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = cotam("analyze", *arguments, "--out", tmp_path / "out")
    assert (done.code, words in done.problem) == (code, True)


def test_answers_without_their_scenes_are_refused(cotam: Command, folder: Path, tmp_path: Path) -> None:
    done = cotam("analyze", "--images", folder, "--answers", "original=a.jsonl", "--out", tmp_path / "out")
    assert (done.code, "they need --levelvqa" in done.problem) == (2, True)
