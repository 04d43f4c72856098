"""``cotam train adapter`` and ``cotam train neck`` from the command line."""

import json
from pathlib import Path

import pytest

from cotam.checkpoint import find_adapter, find_model
from cotam.cli.running import run as command

QUICK = ["--steps", "2", "--batch", "2", "--no-bf16", "--workers", "0"]


@pytest.fixture
def options(embedded: Path, random_model_path: Path, pictures: Path) -> list[str]:
    return ["--mllm", str(embedded), "--codec", str(random_model_path), "--data", str(pictures), *QUICK]


def test_an_adapter_is_trained_and_written(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", "adapter", "--out", str(tmp_path), "--name", "small", *options]
    assert command([*arguments, "--conditioning", "gain"]) == 0
    assert "2 steps" in capsys.readouterr().out
    card = find_adapter(tmp_path / "small.safetensors").card
    assert (card.name, card.kind, card.config["conditioning"]) == ("small", "adapter", "gain")
    assert json.loads((tmp_path / "export.json").read_text())["steps"] == 2
    assert command([*arguments]) == 1
    assert "holds a run already" in capsys.readouterr().err


def test_a_neck_with_its_own_codec_is_trained_and_written(options: list[str], tmp_path: Path) -> None:
    assert command(["train", "neck", "--setting", "d3", "--out", str(tmp_path), *options]) == 0
    codec = find_model(tmp_path / "random-d3.safetensors")
    card = find_adapter(tmp_path / "model-neck-d3.safetensors").card
    assert card.setting == "d3"
    assert (card.codec.name, card.codec.model_id) == (codec.name, codec.model_id)


def test_an_adapter_and_the_codec_that_learned_with_it_are_written(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", "adapter", "--out", str(tmp_path), *options]
    assert command([*arguments, "--rate-weight", "2"]) == 2
    assert "need --joint" in capsys.readouterr().err
    assert command([*arguments, "--joint", "--head-start", "0.1"]) == 2
    assert "--head-start is for an adapter alone" in capsys.readouterr().err
    assert command([*arguments, "--joint"]) == 0
    codec = find_model(tmp_path / "random-joint.safetensors")
    card = find_adapter(tmp_path / "model-adapter-joint.safetensors").card
    assert (card.kind, card.setting, card.tower.name) == ("adapter", None, "model")
    assert (card.codec.name, card.codec.model_id) == (codec.name, codec.model_id)
    more = ["--resume", "--steps", "3", "--rate-weight", "4", "--machine", "1"]
    assert command([*arguments, *more]) == 0
    changed = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert {"steps": 3, "rate_weight": 4.0, "machine": 1.0} in [row.get("changed") for row in changed]
    again = [
        "--joint",
        "--codec",
        str(tmp_path / "random-joint.safetensors"),
        "--out",
        str(tmp_path / "again"),
    ]
    assert command([*arguments, *again]) == 0
    assert find_model(tmp_path / "again" / "random-joint.safetensors").name == "random-joint"


def test_a_tower_without_texts_is_said_to_be_distilled(
    options: list[str], llava: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    others = ["train", "neck", "--out", str(tmp_path), "--name", "x", *options, "--mllm", str(llava)]
    assert command(others) == 0
    assert "no text side" in capsys.readouterr().err
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert {"bpp", "adapted", "pixels"} <= rows[-1]["validation"][0].keys() | {"pixels"}


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["--steps", "1", "--minutes", "1"], 2, "exclude each other"),
        (["--setting", "d4"], 2, "setting must be one of d1, d2, d3"),
        (["--conditioning", "some"], 2, "conditioning must be one of"),
        (["--block", "9"], 2, "block must be below 3"),
        (["--head-start", "1"], 2, "head_start must be from 0 to below 1"),
        (["--resume"], 1, "no checkpoint to resume from"),
        (["--codec", "cotam-z"], 1, "unknown model 'cotam-z'"),
        (["--size", "50"], 2, "size must be a multiple of 16"),
        (["--first-scene", "9"], 2, "is for --data levelvqa"),
    ],
)
def test_what_cannot_be_is_refused(
    options: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    code: int,
    message: str,
) -> None:
    assert command(["train", "neck", "--out", str(tmp_path), *options, *more]) == code
    assert message in capsys.readouterr().err
