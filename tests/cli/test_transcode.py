import json
import sys

import pytest


def test_a_folder_is_transcoded_and_what_fails_is_named(cotam, folder, random_model_path, tmp_path):
    ran = cotam(
        "transcode",
        folder,
        tmp_path / "out",
        "--model",
        random_model_path,
        "--workers",
        1,
        "-q",
        30,
        "--json",
    )
    assert ran.code == 1
    figures = json.loads(ran.out)
    assert (figures["items"], figures["before"], figures["done"]) == (3, 0, 2)
    assert [failed["key"] for failed in figures["failed"]] == ["broken.png"]
    assert figures["manifest"] == str(tmp_path / "out" / "manifest.jsonl")
    named, summary = ran.err.splitlines()
    assert named.startswith("cotam: error: broken.png: is truncated or damaged")
    assert summary.startswith("3 items, 2 coded")
    assert "1 FAILED" in summary
    assert (tmp_path / "out" / "below" / "two.cotam").exists()


def test_the_same_command_again_does_nothing(cotam, folder, random_model_path, tmp_path):
    (folder / "broken.png").unlink()
    command = ("transcode", folder, tmp_path / "out", "--model", random_model_path, "--workers", 1, "--json")
    assert cotam(*command).code == 0
    again = cotam(*command)
    assert again.code == 0
    assert (json.loads(again.out)["before"], json.loads(again.out)["done"]) == (2, 0)


def test_a_manifest_of_another_codec_is_refused_in_one_line(cotam, folder, random_model_path, tmp_path):
    cotam("transcode", folder, tmp_path / "out", "--model", random_model_path, "--workers", 1)
    ran = cotam("transcode", folder, tmp_path / "out", "--workers", 1)
    assert ran.code == 1
    assert "belongs to another run, whose model_id is" in ran.problem


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--to", "zip"], "--to must be one of folder, webdataset, parquet"),
        (["-q", 30, "--target-bytes", 500], "choose one"),
        (["--column", "image"], "a column is a matter of Parquet files"),
        (["--model", "other"], "unknown model 'other'"),
    ],
)
def test_bad_use_is_one_line(cotam, folder, tmp_path, arguments, problem):
    ran = cotam("transcode", folder, tmp_path / "out", *arguments)
    assert ran.code in (1, 2)
    assert problem in ran.problem
    assert not (tmp_path / "out").exists()


def test_a_source_that_is_missing_is_one_line(cotam, tmp_path):
    ran = cotam("transcode", tmp_path / "nothing", tmp_path / "out")
    assert (ran.code, "no such file or folder" in ran.problem) == (1, True)


def test_without_ray_one_line_says_what_to_install(cotam, folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    ran = cotam("transcode", folder, tmp_path / "out", "--ray")
    assert ran.code == 1
    assert "pip install 'cotam[ray]'" in ran.problem
    assert not (tmp_path / "out").exists()


def test_without_pyarrow_one_line_says_what_to_install(cotam, folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    ran = cotam("transcode", folder, tmp_path / "out", "--to", "parquet")
    assert ran.code == 1
    assert "pip install 'cotam[data]'" in ran.problem
