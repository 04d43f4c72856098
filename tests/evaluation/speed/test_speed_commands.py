"""``cotam bench speed`` and ``cotam bench peers``."""

import json
from pathlib import Path

import pytest

from cotam.cli.running import run
from cotam.edge import is_installed
from cotam.edge.runtimes import RUNTIMES
from cotam.evaluation.speed import floor


@pytest.fixture(autouse=True)
def small_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Products of small matrices take no time."""
    monkeypatch.setattr(floor, "SIDE", 32)


def bench(*arguments: object) -> int:
    return run(["bench", *map(str, arguments)])


def test_speed_writes_a_report_with_rivals_guidance_and_peers(
    random_model_path, peers_python, tmp_path, capsys
):
    target = tmp_path / "s.json"
    options = ["--threads", "1", "--repeat", "1", "--sizes", "64x48", "--batches", "2", "--codecs", "webp"]
    options += ["--guidance", "saliency", "--model", random_model_path]
    assert bench("speed", *options, "--peers-python", peers_python, "--json", target) == 0
    report = json.loads(target.read_text())
    edge = {f"random+saliency ({runtime})" for runtime in filter(is_installed, RUNTIMES)}
    named = {row["codec"] for row in report["timings"]}
    assert named == {"random", "random+saliency", "webp", "elic", *edge}
    assert report["codec"] == "random+saliency"
    assert {row["peak_bytes"] > 1e6 for row in report["memory"]} == {True}
    assert "peak memory" in capsys.readouterr().out


def test_speed_without_peers_says_so_in_one_line(random_model_path, monkeypatch, capsys):
    from cotam.evaluation.speed import report

    monkeypatch.setattr(report, "_memory", lambda *_: [])
    options = ["--threads", "1", "--repeat", "1", "--sizes", "48x32", "--batches", "1", "--codecs", "none"]
    assert bench("speed", *options, "--guidance", "none", "--model", random_model_path) == 0
    assert "models are not timed: --peers-python" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--sizes", "big"], "--sizes must be"),
        (["--sizes", "0x5"], "--sizes must be"),
        (["--threads", "0"], "--threads must be"),
        (["--batches", "1.5"], "--batches must be"),
        (["--codecs", "gif"], "unknown codec 'gif'"),
    ],
)
def test_bad_use_of_speed_is_one_line_and_exit_code_2(options, words, capsys):
    assert bench("speed", *options) == 2
    error = capsys.readouterr().err
    assert words in error
    assert len(error.strip().splitlines()) == 1


@pytest.mark.parametrize("command", [["speed", "--codecs", "none"], ["peers", "--images"]])
def test_peers_that_are_not_installed_are_one_line(command, pictures, python_without_compressai, capsys):
    arguments = [*command, *([pictures] if command[0] == "peers" else [])]
    assert bench(*arguments, "--peers-python", python_without_compressai) == 1
    error = capsys.readouterr().err
    assert "has not compressai" in error
    assert len(error.strip().splitlines()) == 1


def test_peers_reports_what_the_program_counted(pictures: Path, peers_python: Path, tmp_path: Path, capsys):
    target = tmp_path / "p.json"
    options = ["--images", pictures, "--train", pictures, "--steps", "7", "--peers-python", peers_python]
    assert bench("peers", *options, "--json", target) == 0
    report = json.loads(target.read_text())
    assert (report["pictures"], report["trained_steps"]) == (2, 7)
    assert "25.000%" in capsys.readouterr().out


def test_peers_needs_an_interpreter(pictures: Path, capsys):
    assert bench("peers", "--images", pictures) == 2
    assert "--peers-python must name" in capsys.readouterr().err
