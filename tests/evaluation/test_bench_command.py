import json
from pathlib import Path

import pytest

from cotam.cli.running import run


def bench(*arguments: object) -> int:
    return run(["bench", *map(str, arguments)])


def test_rate_writes_report_and_curves_and_prints_a_table(pictures, random_model_path, tmp_path, capsys):
    target = tmp_path / "rate.json"
    options = ["--codecs", "jpeg,webp,cotam-s", "--qualities", "10,50,90", "--model", random_model_path]
    assert bench("rate", "--images", pictures, *options, "--json", target) == 0
    report = json.loads(target.read_text())
    assert {"command", "versions", "machine", "points", "curves", "bd_rates", "regularity"} <= set(report)
    assert (tmp_path / "rate.png").read_bytes().startswith(b"\x89PNG")
    assert "webp" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--codecs", "gif", "--anchor", "gif"], "unknown codec 'gif'"),
        (["--codecs", "jpeg", "--anchor", "webp"], "--anchor 'webp'"),
        (["--codecs", "jpeg", "--qualities", "high"], "'high' is no list of numbers"),
    ],
)
def test_bad_use_of_rate_is_one_line_and_exit_code_2(pictures: Path, capsys, options: list[str], words: str):
    assert bench("rate", "--images", pictures, *options) == 2
    error = capsys.readouterr().err
    assert words in error
    assert len(error.strip().splitlines()) == 1


def test_a_missing_folder_is_named(tmp_path: Path, capsys):
    assert bench("rate", "--images", tmp_path / "none", "--codecs", "jpeg") == 1
    assert "no such folder" in capsys.readouterr().err


def test_exported_streams_verify(pictures, random_codec, random_model_path, tmp_path):
    archive, target = tmp_path / "streams.zip", tmp_path / "report.json"
    assert bench("exactness", "--images", pictures, "--model", random_model_path, "--export", archive) == 0
    assert bench("exactness", "--verify", archive, "--model", random_model_path, "--json", target) == 0
    report = json.loads(target.read_text())
    assert report["streams"] == 10
    assert report["models"] == [random_codec.model_id.hex()]
    assert set(report["variations"].values()) == {0}
    assert report["origin"]["measurement"] == "exactness"


def test_a_runtime_without_the_model_is_named_and_the_others_count(pictures, elic_path, tmp_path, capsys):
    pytest.importorskip("onnxruntime")
    target = tmp_path / "report.json"
    assert bench("exactness", "--images", pictures, "--model", elic_path, "--json", target) == 0
    report = json.loads(target.read_text())
    assert report["variations"]["1 thread"] == 0
    assert "needs torch" in report["not_run"]["ONNX Runtime, 1 thread"]
    assert not set(report["variations"]) & set(report["not_run"])
    assert "ONNX Runtime, 2 threads: not run: " in capsys.readouterr().out


def test_a_difference_is_exit_code_1(pictures, random_model_path, tmp_path, capsys):
    from cotam.evaluation.exactness_archive import read_archive, write_archive

    archive, target = tmp_path / "streams.zip", tmp_path / "report.json"
    bench("exactness", "--images", pictures, "--model", random_model_path, "--export", archive)
    samples, origin = read_archive(archive)
    samples[0] = type(samples[0])(**{**vars(samples[0]), "digest": "0" * 64})
    write_archive(archive, samples, origin)
    assert bench("exactness", "--verify", archive, "--model", random_model_path, "--json", target) == 1
    report = json.loads(target.read_text())
    assert set(report["variations"].values()) == {1}
    assert report["mismatches"][0]["picture"] == samples[0].picture


def test_exactness_needs_pictures_or_an_archive(capsys):
    assert bench("exactness") == 2
    assert "--images" in capsys.readouterr().err


def test_robustness_reports_and_succeeds(random_model_path, tmp_path, capsys):
    target = tmp_path / "r.json"
    assert bench("robustness", "--num", 60, "--seed", 3, "--model", random_model_path, "--json", target) == 0
    report = json.loads(target.read_text())
    assert sum(report["outcomes"].values()) == 60
    assert report["failures"] == []


def test_guidance_is_measured_with_any_base_codec(pictures, elic_path, tmp_path):
    target = tmp_path / "guidance.json"
    options = ["--images", pictures, "--model", elic_path, "--repeat", 1, "--json", target]
    assert bench("guidance", *options) == 0
    report = json.loads(target.read_text())
    assert report["model"] == "narrow"
    assert report["regions"][0]["guided_bytes"] > 0
