"""Model files to damage: small ones of random weights, and the same with other descriptions."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from cotam.checkpoint.content_hash import content_hash


def rewrite(
    source: Path, target: Path, *, sealed: bool = True, tensors: dict | None = None, **changes: Any
) -> Path:
    """Copy a model file with other tensors or metadata; sealed means that its id fits the new content."""
    with safe_open(source, framework="np") as file:
        meta = dict(file.metadata())
    tensors = load_file(source) if tensors is None else tensors
    meta.update({key: value for key, value in changes.items() if value is not None})
    for key in [key for key, value in changes.items() if value is None]:
        del meta[key]
    if sealed:
        meta["model_id"] = content_hash(meta["architecture"], json.loads(meta["config"]), tensors)[:8]
    save_file(tensors, target, meta)
    return target


@pytest.fixture
def parts() -> Callable[[Path], tuple[dict[str, Any], bytes]]:
    """Head and tensors of a safetensors file; the order of what it says of itself is nobody's choice."""

    def read(path: Path) -> tuple[dict[str, Any], bytes]:
        data = path.read_bytes()
        start = 8 + int.from_bytes(data[:8], "little")
        return json.loads(data[8:start]), data[start:]

    return read


@pytest.fixture
def altered(random_model_path: Path, tmp_path: Path) -> Callable[..., Path]:
    """Makes a copy of the model file, or of another ``source``, with changes; see `rewrite`."""
    target = tmp_path / "altered.safetensors"
    return lambda source=random_model_path, **changes: rewrite(source, target, **changes)


@pytest.fixture
def config_with(small_config: Any) -> Callable[..., str]:
    """The model's sizes as they are stored, some of them changed."""
    return lambda **changes: json.dumps({**dataclasses.asdict(small_config), **changes}, sort_keys=True)
