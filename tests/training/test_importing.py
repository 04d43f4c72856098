"""From a checkpoint file to a model file, by the command; and what is refused."""

import json
import pickle

import numpy as np
import pytest
import torch
from elic_models import CHANDELIER, COMPRESSAI, foreign_state
from safetensors.torch import save_file

from cotam.checkpoint.state_dict import read_state_dict
from cotam.cli.running import run
from cotam.codec import load_codec
from cotam.errors import ModelError
from cotam.ops.quality import lmbda_of_step, quality_hats
from cotam.ops.quality_scale import MAX_STEP, MIN_STEP
from cotam.training import export

LMBDA = 0.013


@pytest.fixture
def state(make_elic):
    return foreign_state(make_elic(3), CHANDELIER)


@pytest.fixture
def checkpoint(state, tmp_path):
    """A checkpoint in Bridge's naming, as a training script would save it."""
    path = tmp_path / "d1.pth.tar"
    wrapped = {f"module.{key}": value for key, value in state.items()}
    torch.save({"epoch": 5, "state_dict": wrapped, "optimizer": {"state": {}}}, path)
    return path


def refused(capsys, path, *options):
    """The one line that an import ends with."""
    code = run(["models", "import", str(path), "--as", "elic", "--out", f"{path}.model", *options])
    error = capsys.readouterr().err
    assert code == 1
    assert error.count("\n") == 1
    assert error.startswith(f"cotam: error: {path}: ")
    return error


def test_a_checkpoint_becomes_a_codec_of_every_quality(checkpoint, make_picture, tmp_path, capsys):
    assert run(["models", "import", str(checkpoint), "--as", "elic", "--lmbda", str(LMBDA)]) == 0
    said = capsys.readouterr()
    assert "2 not needed, none missing, 0 unexpected" in said.err
    codec = load_codec(tmp_path / "d1-elic.safetensors")
    assert codec.model_id.hex() in said.out
    lengths = [len(codec.encode(make_picture(64, 96), quality)) for quality in (5, 50, 95)]
    assert lengths == sorted(set(lengths))
    assert codec.decode(codec.encode(make_picture(64, 96), 50)).size == (96, 64)


def test_gains_are_the_identity_at_its_own_quality(checkpoint, tmp_path, capsys):
    assert run(["models", "import", str(checkpoint), "--as", "elic", "--lmbda", str(LMBDA)]) == 0
    steps = torch.arange(MIN_STEP, MAX_STEP + 1)
    own = int((lmbda_of_step(steps) - LMBDA).abs().argmin())
    gains = load_codec(tmp_path / "d1-elic.safetensors").network.gains
    gain, inverse = gains(quality_hats(steps.view(1, 1, -1), gains.nodes))
    assert float((gain[..., own] - 1).abs().max()) < 0.005
    torch.testing.assert_close(gain * inverse, torch.ones_like(gain))


def test_every_key_is_reported(state, tmp_path, capsys):
    path = tmp_path / "elic.safetensors"
    save_file({**state, "llm_trans_encoder.weight": torch.zeros(2)}, path)
    target = tmp_path / "out.safetensors"
    assert run(["models", "import", str(path), "--as", "elic", "--out", str(target), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["matched"]["g_a.0.weight"] == "analysis.layers.0.weight"
    assert report["unexpected"] == ["llm_trans_encoder.weight"]
    assert set(report["matched"]) | set(report["unneeded"]) == set(state)


def test_photographs_fit_the_tables_and_measure_the_cost(
    make_elic, make_picture, tmp_path, capsys, monkeypatch
):
    from PIL import Image

    for name in ("CALIBRATION_GRAPHICS", "EQUALISED_PICTURES", "MEASURED_PICTURES"):
        monkeypatch.setattr(f"cotam.training.export.{name}", 1)
    folder = tmp_path / "photographs"
    folder.mkdir()
    for seed in range(3):
        Image.fromarray(make_picture(64, 64, seed)).save(folder / f"{seed}.png")
    path = tmp_path / "elic.pth"
    torch.save(foreign_state(make_elic(3), COMPRESSAI), path)
    assert run(["models", "import", str(path), "--as", "elic", "--data", str(folder), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["layout"] == "CompressAI's names, Elic2022Chandelier"
    assert report["rate_cost_percent"] < report["integer_rate_cost_percent"] + 1


@pytest.mark.parametrize(("count", "measured", "fitted"), [(1, 1, 1), (2, 1, 1), (12, 6, 6), (30, 12, 18)])
def test_a_few_photographs_fit_the_tables_too(make_elic, monkeypatch, count, measured, fitted):
    seen = []
    monkeypatch.setattr(export, "calibrated_tables", lambda exact, pictures: seen.append(len(pictures)))
    monkeypatch.setattr(export, "float_bits", lambda network, pictures: len(pictures))
    monkeypatch.setattr(
        export, "integer_bits", lambda exact, tables, pictures: seen.append(len(pictures)) or 1
    )
    monkeypatch.setattr(export, "CALIBRATION_GRAPHICS", 0)
    export.convert(make_elic(), [np.zeros((64, 64, 3), np.uint8)] * count, scaled=True)
    assert seen == [fitted, measured, measured]


def test_code_in_a_pickle_is_refused_and_never_run(tmp_path, capsys, recwarn):
    class Payload:
        def __reduce__(self):
            return (tmp_path.joinpath("executed").touch, ())

    path = tmp_path / "evil.pth"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path.write_bytes(pickle.dumps({"state_dict": Payload()}, protocol=protocol))
        assert "never executed" in refused(capsys, path)
    assert not [str(one.message) for one in recwarn if issubclass(one.category, UserWarning)]
    torch.save({"state_dict": {"g_a.0.weight": torch.zeros(1)}, "more": Payload()}, path)
    assert "never executed" in refused(capsys, path)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
@pytest.mark.parametrize("suffix", [".pth.tar", ".safetensors"])
def test_a_truncated_checkpoint_is_refused(state, tmp_path, capsys, share, suffix):
    path = tmp_path / f"cut{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(state, path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    assert "damaged" in refused(capsys, path)


def test_a_checkpoint_of_the_old_format_cut_anywhere_is_refused(tmp_path):
    path = tmp_path / "old.pth"
    torch.save({"weight": torch.zeros(3), "bias": torch.ones(2)}, path, _use_new_zipfile_serialization=False)
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(ModelError, match="damaged"):
            read_state_dict(path)


def test_a_checkpoint_of_the_old_format_is_read(state, tmp_path):
    path = tmp_path / "old.pth"
    torch.save({"state_dict": state}, path, _use_new_zipfile_serialization=False)
    found = read_state_dict(path)
    assert set(found) == set(state)
    assert all(torch.equal(found[key], tensor) for key, tensor in state.items())


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        (torch.zeros(1).expand(4096, 4096, 5, 5), "views of the same numbers"),
        (torch.zeros(4096, 4096, device="meta"), "no dense tensor"),
        (torch.zeros(4, 4).to_sparse(), "no dense tensor"),
        (torch.zeros(4, dtype=torch.complex64), "no dense tensor"),
        (torch.quantize_per_tensor(torch.zeros(4), 1.0, 0, torch.qint8), "no dense tensor"),
    ],
)
def test_tensors_without_numbers_of_their_own_are_refused(state, tmp_path, capsys, tensor, words):
    path = tmp_path / "strange.pth"
    torch.save({**state, "g_a.4.weight": tensor}, path)
    assert words in refused(capsys, path)


def test_weights_that_no_model_file_holds_are_refused(state, tmp_path, capsys):
    path = tmp_path / "huge.safetensors"
    state["g_s.1.weight"][0] = 1e6
    save_file(state, path)
    assert run(["models", "import", str(path), "--as", "elic"]) == 1
    assert "synthesis.layers.1.weight has numbers beyond what float16 holds" in capsys.readouterr().err
    assert not (tmp_path / "huge-elic.safetensors").exists()


def test_all_missing_weights_are_listed(state, tmp_path, capsys):
    path = tmp_path / "part.safetensors"
    save_file({key: tensor for key, tensor in state.items() if not key.startswith("g_s.1")}, path)
    assert run(["models", "import", str(path), "--as", "elic"]) == 1
    lines = capsys.readouterr().err.splitlines()
    missing = {line.removeprefix("  missing: ") for line in lines[:-1]}
    assert {"synthesis.layers.1.weight", "synthesis.layers.14.bias"} < missing
    assert all(name.startswith("synthesis.layers.1") for name in missing)
    assert f"and {len(missing) - 2} more" in lines[-1]
    assert run(["models", "import", str(path), "--as", "elic", "--json"]) == 1
    assert set(json.loads(capsys.readouterr().out)["missing"]) == missing
    assert not (tmp_path / "part-elic.safetensors").exists()


def test_another_architecture_is_refused(tmp_path, capsys):
    path = tmp_path / "other.safetensors"
    save_file({"conv1.weight": torch.zeros(2, 2)}, path)
    assert "no ELIC checkpoint: it has no g_a.0.weight, but conv1.weight" in refused(capsys, path)
    torch.save([1, 2], tmp_path / "list.pt")
    assert "without tensors by name" in refused(capsys, tmp_path / "list.pt")
    assert "no such checkpoint" in refused(capsys, tmp_path / "none.pth")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--as", "cotam-s"], "can be imported as elic, not as 'cotam-s'"),
        (["--as", "elic", "--lmbda", "3"], "lmbda must be from 0.0002 to 0.16"),
        (["--as", "elic", "--lmbda", "0"], "lmbda must be from 0.0002 to 0.16, not 0"),
        (["--as", "elic", "--out", "FILE"], "is the checkpoint itself"),
    ],
)
def test_bad_use_is_one_line(checkpoint, capsys, options, words):
    options = [str(checkpoint) if word == "FILE" else word for word in options]
    assert run(["models", "import", str(checkpoint), *options]) == 2
    assert words in capsys.readouterr().err
