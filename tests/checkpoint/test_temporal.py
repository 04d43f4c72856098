"""Made-up files of the networks of predicted frames: the shipped one with other tensors, sizes or descriptions."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from cotam.checkpoint.content_hash import MODEL_ID_BYTES, content_hash
from cotam.checkpoint.sealed import read_metadata
from cotam.checkpoint.temporal import load_temporal, write_temporal
from cotam.checkpoint.temporal_cards import ARCHITECTURE, find_temporal
from cotam.errors import ModelError

SHIPPED = "cotam-s-temporal"


@pytest.fixture
def altered(tmp_path: Path) -> Callable[..., Path]:
    """A function that makes a copy of the shipped file with other tensors or parts of its head."""

    def make(tensors: dict[str, torch.Tensor] | None = None, **head: str) -> Path:
        card, path = find_temporal(SHIPPED), tmp_path / "altered.safetensors"
        save_file(load_file(card.path) | (tensors or {}), path, read_metadata(card.path)[0] | head)
        return path

    return make


def sealed(tensors: dict[str, torch.Tensor], config: dict[str, Any]) -> str:
    """The id of a content."""
    card = find_temporal(SHIPPED)
    hashed = load_file(card.path) | tensors
    return content_hash(ARCHITECTURE, {"base": card.base_id, **config}, hashed)[: 2 * MODEL_ID_BYTES]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn, torch.complex64])
def test_tensors_of_types_that_no_model_has_are_refused(
    dtype: torch.dtype, altered: Callable[..., Path]
) -> None:
    tensors = load_file(find_temporal(SHIPPED).path)
    name = min(tensors)
    with pytest.raises(ModelError, match="damaged"):
        load_temporal(altered({name: torch.zeros(tensors[name].shape, dtype=dtype)}))


def test_a_small_file_does_not_get_large_networks(altered: Callable[..., Path]) -> None:
    config = {**find_temporal(SHIPPED).config, "context": 4096, "features": 4096}
    with pytest.raises(ModelError, match="do not fit their sizes"):
        load_temporal(altered(config=json.dumps(config), temporal_id=sealed({}, config)))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[1]", "null", "{", "9" * 5000])
def test_a_damaged_description_of_sizes_is_refused(text: str, altered: Callable[..., Path]) -> None:
    with pytest.raises(ModelError, match="damaged temporal model description"):
        find_temporal(altered(config=text))


@pytest.mark.parametrize("changes", [{"colour": 3}, {"latents": 10}, {"latents": [16]}, {"nodes": 1}])
def test_impossible_sizes_are_refused(changes: dict[str, Any], altered: Callable[..., Path]) -> None:
    config = find_temporal(SHIPPED).config | changes
    with pytest.raises(ModelError, match="sizes that cotam-s does not have"):
        load_temporal(altered(config=json.dumps(config), temporal_id=sealed({}, config)))


def test_another_architecture_is_refused(altered: Callable[..., Path]) -> None:
    with pytest.raises(ModelError, match="elic-temporal; this cotam reads cotam-s-temporal"):
        load_temporal(altered(architecture="elic-temporal"))
    with pytest.raises(ModelError, match="no temporal model of cotam; known: cotam-s-temporal"):
        load_temporal(altered(format="cotam-model"))


@pytest.mark.parametrize("name", ["context.prior.bias", "scale.log_gain"])
def test_integers_that_could_overflow_are_refused(name: str, altered: Callable[..., Path]) -> None:
    card = find_temporal(SHIPPED)
    tensor = load_file(card.path)[name]
    tensor.flatten()[0] = torch.iinfo(tensor.dtype).min
    with pytest.raises(ModelError, match=rf"integers of {name.rpartition('.')[0]} could overflow"):
        load_temporal(altered({name: tensor}, temporal_id=sealed({name: tensor}, card.config)))


def test_the_shipped_file_written_again_is_the_same_file(
    tmp_path: Path, parts: Callable[[Path], Any]
) -> None:
    loaded, path = load_temporal(SHIPPED), tmp_path / "again.safetensors"
    card = loaded.card
    told = {"name": card.name, "base_id": card.base_id, "description": card.description}
    assert write_temporal(path, loaded.networks, **told) == card.temporal_id
    assert parts(path) == parts(card.path)
