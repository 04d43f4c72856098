"""A model file that is not what it should be is refused in one line that names it."""

import io
import json
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from cotam.checkpoint import load_model
from cotam.checkpoint.reading import read_model
from cotam.errors import ModelError


def refusal(path):
    """The message with which a file is refused: one line that names the file."""
    with pytest.raises(ModelError) as caught:
        load_model(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def data_start(data):
    return 8 + int.from_bytes(data[:8], "little")


def test_a_flipped_bit_anywhere_in_the_tensors_is_found(random_model_path, tmp_path):
    data = random_model_path.read_bytes()
    rng, path = np.random.default_rng(0), tmp_path / "flipped.safetensors"
    for position in [data_start(data), len(data) - 1, *rng.integers(data_start(data), len(data), 20)]:
        spoilt = bytearray(data)
        spoilt[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(spoilt)
        assert "does not match its id" in refusal(path)


def test_a_damaged_header_is_refused_or_changes_only_what_is_no_weight(random_model_path, tmp_path):
    data = random_model_path.read_bytes()
    expected = load_model(random_model_path)
    rng, path = np.random.default_rng(1), tmp_path / "header.safetensors"
    for position in rng.integers(0, data_start(data), 150):
        spoilt = bytearray(data)
        spoilt[position] = int(rng.integers(256))
        path.write_bytes(spoilt)
        try:
            loaded = load_model(path)
        except ModelError as error:
            assert "\n" not in str(error)  # noqa: PT017 - both ends are right
            continue
        assert loaded.model_id == expected.model_id
        assert loaded.network.config == expected.network.config


@pytest.mark.parametrize("share", [0.0, 0.001, 0.05, 0.5, 0.999])
def test_a_truncated_file_is_refused(random_model_path, tmp_path, share):
    data = random_model_path.read_bytes()
    path = tmp_path / "cut.safetensors"
    path.write_bytes(data[: int(len(data) * share)])
    assert "not a safetensors file" in refusal(path)


def test_bytes_behind_the_end_are_refused(random_model_path, tmp_path):
    path = tmp_path / "long.safetensors"
    path.write_bytes(random_model_path.read_bytes() + b"\0")
    assert "not a safetensors file" in refusal(path)


def pickled():
    buffer = io.BytesIO()
    torch.save({"weight": torch.zeros(3)}, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("content", [b"", b"\xff" * 100, b"PK\x03\x04", pickle.dumps([1]), pickled(), b"{}"])
@pytest.mark.parametrize("name", ["model.safetensors", "model.pt"])
def test_what_is_no_safetensors_file_is_refused(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content)
    assert "not a safetensors file" in refusal(path)


def test_a_pickle_is_never_executed(tmp_path):
    class Payload:
        def __reduce__(self):
            return (tmp_path.joinpath("executed").touch, ())

    path = tmp_path / "evil.pt"
    path.write_bytes(pickle.dumps(Payload()))
    refusal(path)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("metadata", [None, {}, {"format": "pt"}, {"format": "cotam-model"}])
def test_other_safetensors_files_are_refused(tmp_path, metadata):
    path = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(3)}, path, metadata)
    assert "no model of cotam" in refusal(path)


@pytest.mark.parametrize(
    "key", ["format", "version", "architecture", "name", "config", "model_id", "description"]
)
def test_a_missing_description_is_refused(altered, key):
    assert "no model of cotam" in refusal(altered(sealed=False, **{key: None}))


def test_an_id_that_is_not_the_contents_is_refused(altered):
    assert "does not match its id 00000000" in refusal(altered(sealed=False, model_id="00000000"))


def test_an_unknown_architecture_is_refused_with_the_known_one(altered):
    message = refusal(altered(architecture="cotam-xl"))
    assert "'cotam-xl' is not known" in message
    assert "known: cotam-s" in message


def test_a_newer_version_of_the_file_is_refused(altered):
    assert "version 2; this cotam reads 1" in refusal(altered(version="2"))


@pytest.mark.parametrize("text", ["{", "[1]", "3", "null"])
def test_a_damaged_description_of_sizes_is_refused(altered, text):
    assert "damaged model description" in refusal(altered(sealed=False, config=text))


@pytest.mark.parametrize(
    "changes",
    [{"latents": 10}, {"latents": "16"}, {"wide": 10**9}, {"colour": 3}, {"nodes": 1}, {"analysis_blocks": [0, 1]},
     {"analysis_blocks": [1]}, {"analysis_blocks": [1, 1, 1]}, {"analysis_blocks": 1}, {"latents": [16, 16]}],
)  # fmt: skip
def test_impossible_sizes_are_refused(altered, config_with, changes):
    assert "sizes that cotam-s does not have" in refusal(altered(config=config_with(**changes)))


@pytest.mark.parametrize(
    "changes", [{"latents": 20}, {"wide": 8}, {"synthesis_blocks": [2, 1]}, {"nodes": 5}]
)
def test_weights_that_do_not_fit_the_sizes_are_refused(altered, config_with, changes):
    assert "do not fit" in refusal(altered(config=config_with(**changes)))


def test_missing_and_surplus_tensors_are_refused(altered, random_model_path):
    tensors = load_file(random_model_path)
    del tensors["gains.base"]
    assert "do not fit" in refusal(altered(tensors=tensors))
    tensors = load_file(random_model_path)
    tensors["more"] = torch.zeros(1)
    assert "do not fit" in refusal(altered(tensors=tensors))


@pytest.mark.parametrize("name", ["tables.cdf", "tables.radius"])
def test_missing_tables_are_refused(altered, random_model_path, name):
    tensors = load_file(random_model_path)
    del tensors[name]
    assert "no frequency tables" in refusal(altered(tensors=tensors))


def test_tables_that_are_no_distributions_are_refused(altered, random_model_path):
    tensors = load_file(random_model_path)
    tensors["tables.cdf"][5] += 1
    assert "frequency tables" in refusal(altered(tensors=tensors))


def test_too_few_tables_are_refused(altered, random_model_path):
    tensors = load_file(random_model_path)
    for name in ("tables.cdf", "tables.radius"):
        tensors[name] = tensors[name][:9].contiguous()
    tensors["tables.cdf"] = tensors["tables.cdf"][
        :, : 2 * int(tensors["tables.radius"].max()) + 3
    ].contiguous()
    assert "must be 64 frequency tables, not 9" in refusal(altered(tensors=tensors))


@pytest.mark.parametrize(
    ("name", "value"),
    [("bias", 1 << 53), ("bias", (1 << 63) - 1), ("bias", -(1 << 63)), ("shift", 21), ("shift", -1)],
)
def test_integer_weights_that_could_overflow_are_refused(altered, random_model_path, name, value):
    tensors = load_file(random_model_path)
    tensors[f"context.prior.{name}"].fill_(value)
    assert "could overflow" in refusal(altered(tensors=tensors))


@pytest.mark.parametrize("dtype", [torch.float64, torch.int64])
def test_integer_weights_of_another_type_are_refused(altered, random_model_path, dtype):
    tensors = load_file(random_model_path)
    tensors["context.prior.weight"] = tensors["context.prior.weight"].to(dtype)
    tensors["context.prior.weight"][0, 0] = 70_000  # would wrap around in int16
    assert "context.prior.weight" in refusal(altered(tensors=tensors))


def test_unsigned_integers_are_refused_by_what_reads_without_torch_too(altered, random_model_path):
    tensors = load_file(random_model_path)
    tensors["context.prior.bias"] = tensors["context.prior.bias"].numpy().astype(np.uint64)
    with pytest.raises(ModelError, match=r"context.prior.bias holds other than .* its type"):
        read_model(altered(tensors={name: torch.as_tensor(tensor) for name, tensor in tensors.items()}))


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_weights_that_are_no_numbers_are_refused(altered, random_model_path, value):
    tensors = load_file(random_model_path)
    tensors["analysis.enter.bias"][0] = value
    assert "analysis.enter.bias" in refusal(altered(tensors=tensors))


def test_a_folder_is_no_model(tmp_path):
    (tmp_path / "folder.safetensors").mkdir()
    assert "no such model file" in refusal(tmp_path / "folder.safetensors")


def test_the_sizes_in_the_file_are_json(random_model_path):
    from cotam.checkpoint import find_model

    assert json.loads(json.dumps(find_model(random_model_path).config))["latents"] == 16
