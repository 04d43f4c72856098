"""How near the tower's tokens come to those of the original, at a few qualities."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from cotam.ops.quality_scale import quality_to_step
from cotam.training.adapters.coding import Coded
from cotam.training.adapters.config import TOKEN_STRIDE
from cotam.training.adapters.seeing import TowerView

QUALITIES = (5, 15, 30)
PICTURES = 48
BATCH = 12

Code = Callable[[Tensor, Tensor, Tensor], Coded]
"""Codes pictures uint8 (N, S, S, 3) at quality steps (N, h, w) with base steps (N,)."""
See = Callable[[Coded, Tensor], Tensor]
"""From coded pictures and their steps to the tokens that the language model reads, (N, T, D)."""


@torch.no_grad()
def similarities(
    view: TowerView, pictures: list[NDArray[np.uint8]], device: torch.device, code: Code, see: See
) -> list[dict[str, Any]]:
    """Compare at `QUALITIES`, with uniform level maps.

    Returns:
        For each quality ``quality``, ``bpp``, and the mean cosine similarity of patch tokens to the original's:
        ``adapted`` with the network, ``pixels`` for the decoded picture alone where there is one.
    """
    rows = []
    for quality in QUALITIES:
        parts = [
            _compare(
                view,
                torch.from_numpy(np.stack(pictures[first : first + BATCH])).to(device),
                quality,
                code,
                see,
            )
            for first in range(0, len(pictures), BATCH)
        ]
        means = {key: sum(part[key] for part in parts) / len(pictures) for key in parts[0]}
        rows.append({"quality": quality, **{key: round(value, 5) for key, value in means.items()}})
    return rows


def _compare(view: TowerView, pixels: Tensor, quality: int, code: Code, see: See) -> dict[str, float]:
    """Sums over the pictures of a batch."""
    cells = pixels.shape[1] // TOKEN_STRIDE
    base = torch.full((len(pixels),), quality_to_step(quality), device=pixels.device)
    steps = base.view(-1, 1, 1).expand(-1, cells, cells)
    coded = code(pixels, steps, base)
    original, prefix = view.original(pixels, view.read_after).high, view.tower.prefix_tokens

    def likeness(tokens: Tensor) -> float:
        similar = F.cosine_similarity(tokens[:, prefix:].float(), original[:, prefix:].float(), dim=-1)
        return float(similar.mean(1).sum())

    found = {
        "bpp": float(coded.bits.sum()) / (pixels.shape[1] * pixels.shape[2]),
        "adapted": likeness(see(coded, steps)),
    }
    if coded.x_hat is not None:
        found["pixels"] = likeness(view.original(coded.x_hat, view.read_after).high)
    return found
