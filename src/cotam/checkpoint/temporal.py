"""Files of the networks of predicted frames: written whole, checked against their own hash when loaded."""

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from numpy.typing import ArrayLike
from safetensors import SafetensorError
from safetensors.numpy import load_file
from safetensors.torch import save

from cotam.checkpoint.capacity import check_capacity
from cotam.checkpoint.content_hash import MODEL_ID_BYTES, content_hash
from cotam.checkpoint.stored import NOT_IN_NUMPY
from cotam.checkpoint.temporal_cards import (
    ARCHITECTURE,
    FORMAT,
    FORMAT_VERSION,
    TemporalCard,
    find_temporal,
)
from cotam.errors import ModelError
from cotam.models.cotam_s_config import CotamSConfig
from cotam.models.temporal import TemporalNetworks
from cotam.ops.fixed_point import IntegerConv


@dataclass(frozen=True)
class LoadedTemporal:
    """Networks of predicted frames in integer form, and their card."""

    card: TemporalCard
    networks: TemporalNetworks


def write_temporal(
    path: Path, networks: TemporalNetworks, *, name: str, base_id: str, description: str
) -> str:
    """Write a file, whole or not at all.

    Args:
        path: the file, ``.safetensors``.
        networks: after `TemporalNetworks.to_integers`.
        name: name to load it by.
        base_id: id of the base model, in hex.
        description: one line on how it was trained.

    Returns:
        Its id, 8 hex digits.
    """
    tensors = {key: tensor.contiguous() for key, tensor in networks.state_dict().items()}
    config = json.loads(json.dumps(dataclasses.asdict(networks.config)))
    identity = _identity(config, base_id, tensors)
    metadata = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "architecture": ARCHITECTURE,
        "name": name,
        "config": json.dumps(config, sort_keys=True),
        "base_id": base_id,
        "temporal_id": identity,
        "description": description,
    }
    part = path.with_name(path.name + ".part")
    part.write_bytes(save(tensors, metadata))
    os.replace(part, path)
    return identity


def load_temporal(name_or_path: str | Path) -> LoadedTemporal:
    """Load by name or by file.

    Raises:
        ModelError: unknown, damaged or altered.
    """
    card = find_temporal(name_or_path)
    try:
        arrays = load_file(card.path)
    except (SafetensorError, OSError, *NOT_IN_NUMPY) as error:
        raise ModelError(f"{card.path}: the file is damaged ({error})") from error
    if _identity(card.config, card.base_id, arrays) != card.temporal_id:
        raise ModelError(f"{card.path}: damaged: its content does not match its id {card.temporal_id}")
    return LoadedTemporal(
        card, _build(card, {name: torch.from_numpy(array) for name, array in arrays.items()})
    )


def _identity(config: dict[str, Any], base_id: str, tensors: Mapping[str, ArrayLike]) -> str:
    return content_hash(ARCHITECTURE, {"base": base_id, **config}, tensors)[: 2 * MODEL_ID_BYTES]


def _build(card: TemporalCard, tensors: dict[str, torch.Tensor]) -> TemporalNetworks:
    try:
        sizes: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in card.config.items()
        }
        config = CotamSConfig(**sizes)
        check_capacity(card.path, lambda: TemporalNetworks(config), tensors)
        with torch.random.fork_rng(devices=[]):
            networks = TemporalNetworks(config).to_integers()
        networks.load_state_dict(tensors)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ModelError(f"{card.path}: the weights do not fit: {str(error).splitlines()[0]}") from error
    for name, tensor in networks.state_dict().items():
        if not torch.equal(tensors[name], tensor):
            raise ModelError(f"{card.path}: {name} holds other than integers of its type")
    for name, module in networks.named_modules():
        if isinstance(module, IntegerConv):
            if not module.is_exact():
                raise ModelError(f"{card.path}: integer weights of {name} could overflow")
            module.prepare()
    if not networks.scale.is_exact():
        raise ModelError(f"{card.path}: gains out of range")
    return networks
