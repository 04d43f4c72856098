import json

import numpy as np
import pytest
import torch
from PIL import Image

from cotam.errors import ModelError


class Parrot:
    """Answers everything with one word; streams it does not take."""

    name, identity = "parrot", "parrot"
    interrupt = False

    def answerer(self, mode, adapter, codec):
        if mode != "pixels":
            raise ModelError(f"parrot: there is no {mode} {adapter}")
        return self

    def answer_batch(self, items):
        if self.interrupt:
            raise KeyboardInterrupt
        return ["2" for _ in items]

    def layer_tokens(self, given):
        pixels = torch.from_numpy(np.asarray(given).astype(np.float32))
        return pixels.reshape(1, 224, 672)


@pytest.fixture
def parrot(monkeypatch, tmp_path):
    monkeypatch.setattr("cotam.cli.eval_levelvqa.load_answerers", lambda *_: Parrot())
    monkeypatch.setattr("cotam.cli.eval_reproduce.load_answerers", lambda *_: Parrot())
    monkeypatch.setattr("cotam.evaluation.accuracy.tables.RESAMPLES", 10)
    monkeypatch.setenv("COTAM_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def measure(cotam, parrot, random_model_path):
    options = "--num", 2, "--model", random_model_path, "--workers", 1
    return lambda *words: cotam("eval", "levelvqa", *options, *words)


def without_timings(path):
    report = json.loads(path.read_text())
    del report["timings"], report["command"]
    return report


@pytest.mark.parametrize("command", ["levelvqa", "lmms", "human", "reproduce"])
def test_every_command_has_help_with_an_example(cotam, command):
    assert f"Example: cotam eval {command}" in cotam("eval", command, "--help").out.decode()


def test_the_group_is_in_the_help(cotam):
    assert b"eval " in cotam("--help").out


def test_answers_are_written_as_score_reads_them(measure, cotam, tmp_path):
    ran = measure(
        "--method", "png,jpeg", "--bpp", "0.5", "--answers", tmp_path / "said", "--json", tmp_path / "a.json"
    )
    assert ran.code == 0, ran.err
    assert sorted(path.name for path in (tmp_path / "said").iterdir()) == ["jpeg@0.5.jsonl", "original.jsonl"]
    scored = json.loads(cotam("levelvqa", "score", tmp_path / "said" / "jpeg@0.5.jsonl", "--json").out)
    row = next(
        row for row in json.loads((tmp_path / "a.json").read_text())["rows"] if row["method"] == "jpeg"
    )
    assert scored["overall"]["percent"] == pytest.approx(row["overall"]["percent"], abs=1e-3)


def test_tables_report_and_pages_are_made(measure, tmp_path):
    words = (
        "--method",
        "jpeg,png",
        "--qualities",
        "10,50",
        "--out",
        tmp_path / "out",
        "--json",
        tmp_path / "a.json",
    )
    ran = measure(*words, "--similarity")
    assert ran.code == 0, ran.err
    assert b"BD-rate at equal accuracy against jpeg" in ran.out
    report = json.loads((tmp_path / "a.json").read_text())
    assert report["measurement"] == "levelvqa-rate-accuracy"
    assert {row["method"] for row in report["rows"]} == {"jpeg", "png"}
    assert (tmp_path / "out" / "report.html").is_file()


def test_two_runs_give_the_same_json_but_for_timings(measure, tmp_path):
    words = "--method", "jpeg,cotam-s,cotam-s+saliency", "--bpp", "0.5,2"
    reports = []
    for name in ("a", "b"):
        options = "--cache", tmp_path / f"cache-{name}", "--json", tmp_path / f"{name}.json"
        ran = measure(*words, *options)
        assert ran.code == 0, ran.err
        reports.append(without_timings(tmp_path / f"{name}.json"))
    assert reports[0] == reports[1]


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (("--method", "gif", "--bpp", "1"), 2, "unknown method 'gif'; known: png, jpeg"),
        (("--method", "jpeg"), 2, "give qualities, bits per pixel or shares of JPEG"),
        (("--method", "jpeg", "--bpp", "1", "--qualities", "5"), 2, "one of them"),
        (("--method", "jpeg", "--bpp", "low"), 2, "--bpp must be numbers such as 0.1,0.2, not 'low'"),
        (("--method", "jpeg", "--bpp", ","), 2, "--bpp must be numbers"),
        (("--method", "jpeg", "--bpp", "1", "--anchor", "webp"), 2, "anchor 'webp' is not one of"),
        (("--method", "cotam-s+nonsense", "--bpp", "1"), 2, "unknown guidance 'nonsense'"),
        (("--method", "jpeg", "--bpp", "1", "--json", "nowhere/x.json"), 2, "there is no folder nowhere"),
        (("--method", "cotam-s+adapter", "--bpp", "1"), 1, "parrot: there is no adapter"),
        (("--method", "cotam-s", "--bpp", "1", "--model", "cotam-x"), 1, "unknown model 'cotam-x'"),
        (("--method", "bridge-d2", "--bpp", "1"), 1, "parrot: there is no neck d2"),
    ],
)
def test_bad_use_is_one_line(measure, tmp_path, monkeypatch, words, code, problem):
    monkeypatch.chdir(tmp_path)
    ran = measure(*words)
    assert ran.code == code
    assert problem in ran.problem


def test_an_unknown_mllm_is_one_line(cotam, tmp_path):
    pytest.importorskip("transformers")
    ran = cotam("eval", "levelvqa", "--method", "jpeg", "--bpp", 1, "--mllm", tmp_path / "none")
    assert ran.code == 1
    assert "none" in ran.problem


def test_an_interrupted_run_says_that_it_goes_on(measure, monkeypatch):
    monkeypatch.setattr(Parrot, "interrupt", True)
    ran = measure("--method", "jpeg", "--qualities", "10")
    assert ran.code == 130
    assert ran.problem == "interrupted; the same command goes on where this one stopped"


def test_curves_that_cannot_be_compared_are_said_to_be_so(measure):
    ran = measure("--method", "jpeg,webp", "--qualities", "10,50")
    assert ran.code == 0
    assert b"n/a" in ran.out
    assert "webp against jpeg, overall: no accuracy that both reach" in ran.err


def test_human_measures_both_ways(cotam, folder, random_model_path, tmp_path):
    target = tmp_path / "human.json"
    options = "--qualities", "40", "--guidance", "saliency:grid=2", "--model", random_model_path
    ran = cotam("eval", "human", "--images", folder, *options, "--json", target)
    assert ran.code == 0, ran.err
    assert "not read: " in ran.err
    report = json.loads(target.read_text())
    assert {row["way"] for row in report["rows"]} <= {"uniform", "guided"}
    assert report["means"][0]["quality"] == 40
    assert b"MS-SSIM" in ran.out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--qualities", "best"), "--qualities must be numbers"),
        (("--guidance", "nonsense"), "unknown guidance"),
    ],
)
def test_bad_use_of_human_is_one_line(cotam, folder, random_model_path, words, problem):
    ran = cotam("eval", "human", "--images", folder, "--model", random_model_path, *words)
    assert ran.code == 2
    assert problem in ran.problem


def test_a_folder_without_pictures_is_one_line(cotam, tmp_path):
    assert "holds no pictures" in cotam("eval", "human", "--images", tmp_path).problem


def test_reproduce_writes_report_and_page_and_makes_the_page_again(
    cotam, parrot, random_model_path, tmp_path
):
    results, page = tmp_path / "r.json", tmp_path / "r.md"
    options = "--quick", "--num", 1, "--model", random_model_path, "--workers", 1
    options += "--guidance", "saliency", "--deep-guidance", "saliency:grid=4"
    ran = cotam("eval", "reproduce", *options, "--json", results, "--page", page)
    assert ran.code == 0, ran.err
    assert "left out: bridge-d1: parrot: there is no neck d1" in ran.err
    again = tmp_path / "r" / "r.md"
    again.parent.mkdir()
    assert cotam("eval", "reproduce", "--from", results, "--page", again).code == 0
    assert again.read_text() == page.read_text()


def test_a_page_is_made_of_reports_of_reproduce_only(cotam, tmp_path):
    other = tmp_path / "other.json"
    for content, words in (("{}", "no report of cotam eval reproduce"), ("{", "no report that can be read")):
        other.write_text(content)
        ran = cotam("eval", "reproduce", "--from", other, "--page", tmp_path / "p.md")
        assert ran.code == 1
        assert words in ran.problem


def test_pictures_of_any_size_are_looked_at(cotam, random_model_path, tmp_path):
    Image.new("RGB", (9, 5), "red").save(tmp_path / "small.png")
    ran = cotam("eval", "human", "--images", tmp_path, "--qualities", 5, "--model", random_model_path)
    assert ran.code == 0, ran.err


def test_lmms_refuses_what_it_cannot_do_in_one_line(cotam):
    ran = cotam("eval", "lmms", "--tasks", "mme", "--method", "gif", "--bpp", 1)
    assert ran.code == 2
    assert "unknown method 'gif'" in ran.problem
