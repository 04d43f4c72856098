"""Made-up files of the networks of predicted frames: the shipped one with other tensors or sizes."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from cotam.checkpoint.content_hash import MODEL_ID_BYTES, content_hash
from cotam.checkpoint.temporal import load_temporal
from cotam.checkpoint.temporal_cards import ARCHITECTURE, find_temporal
from cotam.errors import ModelError

SHIPPED = "cotam-s-temporal"


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn, torch.complex64])
def test_tensors_of_types_that_no_model_has_are_refused(dtype: torch.dtype, tmp_path: Path) -> None:
    card, path = find_temporal(SHIPPED), tmp_path / "other.safetensors"
    tensors = load_file(card.path)
    name = min(tensors)
    with safe_open(card.path, framework="pt") as file:
        metadata = file.metadata()
    save_file({**tensors, name: torch.zeros(tensors[name].shape, dtype=dtype)}, path, metadata)
    with pytest.raises(ModelError, match="damaged"):
        load_temporal(path)


def test_a_small_file_does_not_get_large_networks(tmp_path: Path) -> None:
    card, path = find_temporal(SHIPPED), tmp_path / "large.safetensors"
    tensors, config = load_file(card.path), {**card.config, "context": 4096, "features": 4096}
    hashed = {name: tensor.numpy() for name, tensor in tensors.items()}
    identity = content_hash(ARCHITECTURE, {"base": card.base_id, **config}, hashed)[: 2 * MODEL_ID_BYTES]
    with safe_open(card.path, framework="pt") as file:
        metadata = {**file.metadata(), "config": json.dumps(config, sort_keys=True), "temporal_id": identity}
    save_file(tensors, path, metadata)
    with pytest.raises(ModelError, match="do not fit their sizes"):
        load_temporal(path)
