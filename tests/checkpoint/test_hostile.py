"""Files of models and adapters made to do harm are refused, in bounded memory; whatever else comes is a finding."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from cotam.adapters import LatentAdapter, LatentAdapterConfig
from cotam.checkpoint import (
    AdapterCard,
    CodecIdentity,
    TowerIdentity,
    load_adapter,
    load_model,
    write_adapter,
)
from cotam.checkpoint.content_hash import content_hash
from cotam.checkpoint.registry import read_metadata
from cotam.errors import ModelError
from cotam.evaluation.memory import peak_memory

CASES = 250
MAX_GROWTH = 200_000_000
CODEC = CodecIdentity("random", "01020304")
TOWER = TowerIdentity("small", "clip", 32, 4, 16, (4, 4), 1, "0123456789abcdef")
STRANGE: tuple[Any, ...] = (
    None, 0, -1, 2**63, 2**70, 1e308, "", "F64", "C64", "BOOL", "F8_E4M3", "F4", "I64", [], [0], [2**40, 2**40], {},
    [[]], "\0", "\ud800", "é" * 300, "[" * 3000, "{}", "null", '{"latents": 1e9}', "9" * 5000,
)  # fmt: skip
"""What a field of a header may be set to."""


@pytest.fixture(scope="module")
def adapter_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = LatentAdapterConfig(latents=16, width=32, grid=(4, 4))
    with torch.random.fork_rng():
        network = LatentAdapter(config)
    path = tmp_path_factory.mktemp("adapter") / "some.safetensors"
    write_adapter(path, network, AdapterCard("some", "adapter", CODEC, TOWER, config.to_dict()))
    return path


def loads_or_is_refused(load: Callable[[Path], object], path: Path) -> bool:
    try:
        load(path)
    except ModelError as error:
        assert str(path) in str(error)  # noqa: PT017 - both ends are right
        return False
    return True


def spoil(rng: np.random.Generator, data: bytes) -> bytes:
    """Change bytes of the header, or its JSON: fields set to strange values, removed, or nested."""
    length = int.from_bytes(data[:8], "little")
    head, tensors = bytearray(data[8 : 8 + length]), data[8 + length :]
    if rng.random() < 0.3:
        for position in rng.integers(length, size=rng.integers(1, 5)):
            head[position] = int(rng.integers(256))
        return data[:8] + bytes(head) + tensors
    if rng.random() < 0.1:
        return int(rng.integers(2**63)).to_bytes(8, "little") + data[8 : rng.integers(8, len(data))]
    values = json.loads(head)
    names = list(values)
    place = (
        values
        if rng.random() < 0.2
        else values[names[0] if rng.random() < 0.6 else names[rng.integers(len(names))]]
    )
    key = list(place)[rng.integers(len(place))]
    if rng.random() < 0.2:
        del place[key]
    else:
        place[key] = STRANGE[rng.integers(len(STRANGE))]
    changed = json.dumps(values).encode()
    return len(changed).to_bytes(8, "little") + changed + tensors


@pytest.mark.parametrize("kind", ["model", "adapter"])
def test_spoilt_headers_are_refused_or_harmless(kind, random_model_path, adapter_path, tmp_path):
    load = load_model if kind == "model" else load_adapter
    data = (random_model_path if kind == "model" else adapter_path).read_bytes()
    rng, path, before = np.random.default_rng(3), tmp_path / "spoilt.safetensors", peak_memory()
    loaded = 0
    for _ in range(CASES):
        path.write_bytes(spoil(rng, data))
        loaded += loads_or_is_refused(load, path)
    assert loaded < CASES / 4  # a changed name or description is harmless
    assert peak_memory() - before < MAX_GROWTH


@pytest.mark.parametrize(
    "dtype", [torch.complex64, torch.bool, torch.float8_e4m3fn, torch.bfloat16, torch.float64]
)
@pytest.mark.parametrize("kind", ["model", "adapter"])
def test_tensors_of_any_type_are_read_and_refused(kind, dtype, random_model_path, adapter_path, tmp_path):
    source = random_model_path if kind == "model" else adapter_path
    tensors, (metadata, _) = load_file(source), read_metadata(source)
    name = sorted(tensors)[0]
    for changed in (torch.zeros(tensors[name].shape, dtype=dtype), torch.zeros(0, dtype=dtype)):
        save_file({**tensors, name: changed}, tmp_path / "other.safetensors", metadata)
        assert not loads_or_is_refused(
            load_model if kind == "model" else load_adapter, tmp_path / "other.safetensors"
        )


@pytest.mark.parametrize(
    "changes",
    [{"wide": 4096, "deep": 4096, "synthesis_blocks": [64, 64]}, {"context": 4096, "features": 4096}],
)
def test_a_small_model_file_does_not_get_large_networks(altered, config_with, changes):
    before = peak_memory()
    with pytest.raises(ModelError, match="do not fit their architecture"):
        load_model(altered(config=config_with(**changes)))
    assert peak_memory() - before < MAX_GROWTH


def test_a_small_adapter_file_does_not_get_large_networks(adapter_path, tmp_path):
    tensors, (metadata, _) = load_file(adapter_path), read_metadata(adapter_path)
    card = json.loads(metadata["card"])
    card["config"] |= {"width": 16_384, "mlp_ratio": 64}
    made_for = {"codec": CODEC.model_id, "tower": TOWER.fingerprint}
    sealed = content_hash("adapter", {**card["config"], **made_for}, tensors)[:8]
    path, before = tmp_path / "large.safetensors", peak_memory()
    save_file(tensors, path, {**metadata, "card": json.dumps(card), "adapter_id": sealed})
    with pytest.raises(ModelError, match="do not fit their sizes: these ask for"):
        load_adapter(path)
    assert peak_memory() - before < MAX_GROWTH


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000])
def test_deeply_nested_descriptions_are_refused(text, altered, adapter_path, tmp_path):
    with pytest.raises(ModelError, match="damaged model description"):
        load_model(altered(sealed=False, config=text))
    metadata, _ = read_metadata(adapter_path)
    save_file(load_file(adapter_path), tmp_path / "deep.safetensors", {**metadata, "card": text})
    with pytest.raises(ModelError, match="damaged adapter description"):
        load_adapter(tmp_path / "deep.safetensors")


def test_a_pickle_in_the_place_of_an_adapter_is_never_executed(tmp_path):
    class Payload:
        def __reduce__(self):
            return (tmp_path.joinpath("executed").touch, ())

    path = tmp_path / "evil.safetensors"
    path.write_bytes(pickle.dumps(Payload()))
    assert not loads_or_is_refused(load_adapter, path)
    assert not (tmp_path / "executed").exists()
