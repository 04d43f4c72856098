"""A start that a small tower learns faster from than from noise.

Patch embedding: the lowest frequencies of each patch (2-D DCT), so that the first block meets a picture and not a
random projection. Positions: sines and cosines of row and column. Queries and keys: nearly equal, so that a token
attends to what resembles it in content and place (Trockman and Kolter 2023, "Mimetic initialization").

The language model keeps transformers' own start: larger matrices learned worse (docs/log.md, note 9).
"""

import math
from typing import Any

import torch
from torch import Tensor

COLOUR_MIXES = ((1 / 3, 1 / 3, 1 / 3), (0.5, -0.5, 0.0), (-0.25, -0.25, 0.5))
"""Brightness, red against green, blue against both: weights of R, G and B."""
POSITION_SCALE = 0.5
"""Amplitude of the sines beside embedded patches of unit deviation."""
WAVELENGTHS = 10000.0
QUERY_SCALE = 0.7
"""Deviation of a query's numbers for a normalised token."""
KEY_NOISE = 0.3
"""Share of a key projection that differs from its query projection."""


@torch.no_grad()
def start_from_frequencies(tower: Any) -> None:
    """Write the start into a CLIP vision tower (transformers' CLIPVisionModel or its inner model), in place."""
    embeddings = tower.embeddings
    kernels = embeddings.patch_embedding.weight
    kernels.copy_(frequency_kernels(kernels.shape[0], kernels.shape[-1]))
    positions = embeddings.position_embedding.weight
    side = math.isqrt(len(positions) - 1)
    positions[1:] = POSITION_SCALE * sine_positions(side, positions.shape[1])
    for layer in tower.encoder.layers:
        query, key = layer.self_attn.q_proj.weight, layer.self_attn.k_proj.weight
        torch.nn.init.normal_(query, std=QUERY_SCALE / math.sqrt(query.shape[1]))
        noise = torch.randn_like(query) * QUERY_SCALE / math.sqrt(query.shape[1])
        key.copy_((query + KEY_NOISE * noise) / math.sqrt(1 + KEY_NOISE**2))


def frequency_kernels(width: int, patch: int) -> Tensor:
    """Kernels (width, 3, patch, patch): DCT patterns from the lowest frequency up.

    Two thirds of them see brightness, for letters are made of it, and a sixth each a difference of colours. Each
    pattern is scaled up with its frequency, since the amplitudes of natural pictures fall with it.
    """
    grid = torch.arange(patch) + 0.5
    waves = torch.stack([torch.cos(math.pi * k * grid / patch) for k in range(patch)])
    places = ((row, column) for row in range(patch) for column in range(patch))
    order = sorted(places, key=lambda place: (place[0] ** 2 + place[1] ** 2, place))
    sixth = min(width // 6, patch * patch)
    counts = (min(width - 2 * sixth, patch * patch), sixth, sixth)
    kernels = torch.zeros(width, 3, patch, patch)
    filled = 0
    for mix, count in zip(COLOUR_MIXES, counts, strict=True):
        for row, column in order[:count]:
            pattern = torch.outer(waves[row], waves[column]) * 2 * (1 + math.hypot(row, column)) / patch**2
            kernels[filled] = torch.tensor(mix).view(3, 1, 1) * pattern
            filled += 1
    return kernels


def sine_positions(side: int, width: int) -> Tensor:
    """Positions (side², width): a quarter each of sine and cosine of row and column."""
    quarter = width // 4
    rates = WAVELENGTHS ** -(torch.arange(quarter) / quarter)
    angles = torch.arange(side)[:, None] * rates
    waves = torch.cat([angles.sin(), angles.cos()], dim=1)
    rows = waves[:, None].expand(-1, side, -1)
    columns = waves[None].expand(side, -1, -1)
    places = torch.cat([rows, columns], dim=-1).reshape(side * side, -1)
    return torch.nn.functional.pad(places, (0, width - places.shape[1]))
