"""Files of the networks of predicted frames: written whole, checked against their own hash when loaded."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import torch

from cotam.checkpoint.capacity import check_capacity
from cotam.checkpoint.filling import check_exact, fill
from cotam.checkpoint.sealed import read_sealed, write_sealed
from cotam.checkpoint.temporal_cards import ARCHITECTURE, TEMPORAL, TemporalCard, find_temporal
from cotam.errors import ModelError
from cotam.models.architectures import read_sizes
from cotam.models.cotam_s import CotamS
from cotam.models.temporal import TemporalNetworks


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

    Raises:
        ModelError: integers that could overflow.
    """
    check_exact(networks, path)
    config = dataclasses.asdict(networks.config)
    head = {
        "architecture": ARCHITECTURE,
        "name": name,
        "config": json.dumps(config, sort_keys=True),
        "base_id": base_id,
        "description": description,
    }
    made_of = {"base": base_id, **config}
    return write_sealed(path, TEMPORAL, networks.state_dict(), ARCHITECTURE, made_of, head)


def load_temporal(name_or_path: str | Path) -> LoadedTemporal:
    """Load by name or by file.

    Raises:
        ModelError: unknown, damaged or altered.
    """
    card = find_temporal(name_or_path)
    arrays = read_sealed(card.path, card.temporal_id, ARCHITECTURE, {"base": card.base_id, **card.config})
    return LoadedTemporal(
        card, _build(card, {name: torch.from_numpy(array) for name, array in arrays.items()})
    )


def _build(card: TemporalCard, tensors: dict[str, torch.Tensor]) -> TemporalNetworks:
    try:
        config = read_sizes(CotamS.architecture, card.config)
    except ValueError as error:
        raise ModelError(f"{card.path}: {error}") from error
    check_capacity(card.path, lambda: TemporalNetworks(config), tensors)
    with torch.random.fork_rng(devices=[]):
        networks = TemporalNetworks(config).to_integers()
    fill(networks, card.path, tensors)
    return networks
