"""``cotam train codec`` from the command line, with a model of the smallest sizes."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cotam.checkpoint import find_model
from cotam.cli.running import run
from cotam.cli.train import recipe
from cotam.models.cotam_s_config import CotamSConfig
from cotam.models.elic.codec import ElicConfig
from cotam.training.checkpoints import load_checkpoint

SMALL = CotamSConfig(8, 4, 8, 8, (1, 1), (1, 1), 8, 8, 8, 3)
QUICK = ["--crop", "64", "--batch", "1", "--workers", "0", "--no-bf16"]


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder, rng = tmp_path / "photographs", np.random.default_rng(0)
    folder.mkdir()
    for n in range(20):
        small = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        small.resize((140, 140), Image.Resampling.BICUBIC).save(folder / f"{n}.png")
    return folder


@pytest.fixture(autouse=True)
def _small_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cotam.cli.train.model_sizes", lambda name: SMALL)
    for name in ("CALIBRATION_GRAPHICS", "CALIBRATION_PICTURES", "MEASURED_PICTURES"):
        monkeypatch.setattr(f"cotam.training.export.{name}", 1)


def train(*arguments: object) -> int:
    return run(["train", "codec", *map(str, arguments)])


def test_a_run_ends_with_a_model_file_that_codes_pictures(photographs, tmp_path, capsys):
    from cotam.codec import load_codec

    out = tmp_path / "run"
    assert train("--data", photographs, "--out", out, "--steps", 2, "--seed", 5, *QUICK) == 0
    config = load_checkpoint(out)["config"]
    assert (config["crop"], config["batch"], config["steps"], config["seed"]) == (64, 1, 2, 5)
    codec = load_codec(out / "cotam-s.safetensors")
    data = codec.encode(photographs / "0.png")
    assert codec.decode(data).size == (140, 140)
    assert codec.model_id.hex() in capsys.readouterr().out


def test_a_run_goes_on_to_a_new_length(photographs, tmp_path):
    out = tmp_path / "run"
    assert train("--data", photographs, "--out", out, "--steps", 1, *QUICK) == 0
    assert train("--data", photographs, "--out", out, "--steps", 3, "--resume", "--workers", 0) == 0
    assert load_checkpoint(out)["step"] == 3


def test_only_given_options_change_the_preset():
    preset = recipe({})
    assert recipe({"batch": 3}).batch == 3
    assert recipe({"batch": 3}).crop == preset.crop


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--steps", "1", "--minutes", "1"], 2, "exclude each other"),
        (["--steps", "0"], 2, "--steps must be at least 1"),
        (["--minutes", "-1"], 2, "minutes must be"),
        (["--crop", "100"], 2, "multiple of 64"),
        (["--resume", "--steps", "3"], 1, "no checkpoint to resume from"),
        (["--crop", "256"], 1, "no picture of at least 256 x 256"),
        (["--validation", "nowhere"], 1, "nowhere: no such folder"),
        (["--only", "synthesis"], 2, "--only must be gains"),
        (["--only", "gains", "--model", "nobody"], 1, "unknown model 'nobody'"),
    ],
)
def test_bad_use_is_one_line_and_its_exit_code(photographs, tmp_path, capsys, options, code, words):
    assert train("--data", photographs, "--out", tmp_path / "run", *options) == code
    error = capsys.readouterr().err
    assert words in error
    assert "Traceback" not in error


def test_a_missing_data_folder_is_named_and_nothing_is_written(tmp_path, capsys):
    assert train("--data", tmp_path / "none", "--out", tmp_path / "run", "--steps", 1) == 1
    assert "none: no such folder" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_second_run_into_the_same_folder_is_refused(photographs, tmp_path, capsys):
    out = tmp_path / "run"
    assert train("--data", photographs, "--out", out, "--steps", 1, *QUICK) == 0
    assert train("--data", photographs, "--out", out, "--steps", 1, *QUICK) == 1
    assert "holds a run already" in capsys.readouterr().err


def test_without_the_training_extra_it_is_named(photographs, tmp_path, monkeypatch, capsys):
    for module in ("cotam.training.train_codec", "cotam.training.run"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "accelerate", None)
    assert train("--data", photographs, "--out", tmp_path / "run", "--steps", 1) == 1
    assert "pip install 'cotam[train]'" in capsys.readouterr().err


def test_sizes_by_name_are_refused_with_the_known_ones(photographs, tmp_path, capsys, monkeypatch):
    monkeypatch.undo()
    assert train("--data", photographs, "--out", tmp_path / "run", "--steps", 1, "--model", "elic-xl") == 2
    assert "known: cotam-s, elic, elic-s" in capsys.readouterr().err


def test_the_model_file_has_the_name_of_the_model_that_gains_were_trained_of(
    photographs, tmp_path, elic_path
):
    out = tmp_path / "run"
    words = ("--only", "gains", "--model", elic_path, "--steps", 1, *QUICK)
    assert train("--data", photographs, "--out", out, *words) == 0
    made = find_model(out / "narrow.safetensors")
    (out / "narrow.safetensors").unlink()
    assert train("--data", photographs, "--out", out, "--resume", "--workers", 0) == 0
    assert find_model(out / "narrow.safetensors") == made
    assert [path.name for path in out.glob("*.safetensors")] == ["narrow.safetensors"]


def test_a_resumed_run_of_elic_keeps_its_name_and_no_other_model_takes_its_place(
    photographs, tmp_path, capsys, monkeypatch, narrow_sizes, elic_path
):
    narrow = ElicConfig(**narrow_sizes)
    monkeypatch.setattr("cotam.cli.train.model_sizes", lambda name: {"narrow-elic": narrow}.get(name, SMALL))
    monkeypatch.setattr("cotam.training.train_codec.SIZES", {"narrow-elic": narrow})
    out = tmp_path / "run"
    begin = ("--data", photographs, "--out", out)
    assert train(*begin, "--model", "narrow-elic", "--steps", 1, *QUICK) == 0
    again = (*begin, "--resume", "--workers", 0)
    assert train(*again, "--model", "cotam-s") == 2
    assert "model cannot change when a run is resumed; this one is narrow-elic" in capsys.readouterr().err
    assert train(*again, "--only", "gains", "--model", elic_path) == 2
    assert "cannot be resumed with gains alone" in capsys.readouterr().err
    (out / "narrow-elic.safetensors").unlink()
    assert train(*again) == 0
    assert find_model(out / "narrow-elic.safetensors").architecture == "elic"
    assert [path.name for path in out.glob("*.safetensors")] == ["narrow-elic.safetensors"]
