"""Files of latent adapters and transform-necks: safetensors whose head says what they were made for."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch

from cotam.adapters import LatentAdapter, LatentAdapterConfig, TransformNeck, TransformNeckConfig
from cotam.checkpoint.adapter_cards import ADAPTER, AdapterCard, TowerIdentity, find_adapter
from cotam.checkpoint.capacity import check_capacity
from cotam.checkpoint.filling import fill
from cotam.checkpoint.sealed import read_sealed, write_sealed
from cotam.errors import ModelError
from cotam.vision.fingerprint import fingerprint
from cotam.vision.registry import family_of

STORED: Final = torch.float16
"""Type of the stored weights; an adapter's tokens are no part of what must decode exactly."""


@dataclass(frozen=True, eq=False)
class LoadedAdapter:
    """A latent adapter or transform-neck ready to use: frozen, float32, on the CPU; `card.kind` says which."""

    network: LatentAdapter | TransformNeck
    card: AdapterCard


def tower_identity(name: str, model: Any) -> TowerIdentity:
    """Say which tower this is.

    Args:
        name: how the user called it, for messages.
        model: CLIP, SigLIP, DINOv2, DINOv3 or InternViT of transformers, alone or as an MLLM's encoder.

    Raises:
        ModelError: a model of another family.
    """
    family, config = family_of(model), model.config
    patch, (height, width) = _sides(config.patch_size)[0], _sides(config.image_size)
    return TowerIdentity(
        name=name,
        family=family.name,
        width=int(config.hidden_size),
        blocks=len(family.blocks),
        patch=patch,
        grid=(height // patch, width // patch),
        prefix=int(family.has_class_token) + family.registers,
        fingerprint=fingerprint(model),
    )


def write_adapter(path: Path, network: LatentAdapter | TransformNeck, card: AdapterCard) -> str:
    """Write an adapter file, whole or not at all; weights are stored in `STORED`.

    Args:
        path: the file, ``.safetensors``.
        network: what is stored.
        card: what it is; its kind and sizes must be the network's.

    Returns:
        The adapter's id, 8 hex digits.

    Raises:
        ValueError: the card is of another network.
    """
    kind = "adapter" if isinstance(network, LatentAdapter) else "neck"
    if (card.kind, card.config) != (kind, network.config.to_dict()):
        raise ValueError(f"the card describes a {card.kind} of other sizes than the {kind}'s: {card.config}")
    tensors = {name: tensor.cpu().to(STORED) for name, tensor in network.state_dict().items()}
    head = {"card": json.dumps(asdict(card), sort_keys=True)}
    return write_sealed(path, ADAPTER, tensors, card.kind, card.made_of, head)


def load_adapter(name_or_path: str | Path) -> LoadedAdapter:
    """Load a latent adapter or transform-neck by name or by the path of its file.

    Raises:
        ModelError: unknown, damaged or altered.
    """
    file = find_adapter(name_or_path)
    arrays = read_sealed(file.path, file.adapter_id, file.card.kind, file.card.made_of)
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    if other := sorted(name for name, tensor in tensors.items() if tensor.dtype != STORED):
        raise ModelError(f"{file.path}: {other[0]} is of type {tensors[other[0]].dtype}, not {STORED}")
    check_capacity(file.path, lambda: build_network(file.card), tensors)
    network = build_network(file.card)
    fill(network, file.path, tensors)
    return LoadedAdapter(network.eval().requires_grad_(False), file.card)


def build_network(card: AdapterCard) -> LatentAdapter | TransformNeck:
    """Make the network that a card describes, not yet trained.

    Raises:
        ModelError: sizes that it cannot have.
    """
    with torch.random.fork_rng(devices=[]):
        if card.kind == "adapter":
            return LatentAdapter(LatentAdapterConfig.from_dict(card.config))
        return TransformNeck(TransformNeckConfig.from_dict(card.config))


def _sides(size: Any) -> tuple[int, int]:
    """Height and width that a configuration states with one number or two."""
    height, width = (size, size) if isinstance(size, int) else size
    return int(height), int(width)
