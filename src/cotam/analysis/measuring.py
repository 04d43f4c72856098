"""A picture and its coded versions through a tower, each layer reduced as it comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cotam.analysis.attention import AttentionMeasures, measure_attention
from cotam.analysis.token_similarity import cosine_similarity, linear_cka
from cotam.guidance.attention import batch_size
from cotam.vision.walking import walk

if TYPE_CHECKING:
    from cotam.vision import Tower

Array = NDArray[np.float32]
CURVES: Final = ("mean_distance", "top1_distance", "summary_share", "prefix_share")
"""Measures of `AttentionMeasures` that are one number a picture."""
DEFAULT_BATCH: Final = 8
"""Pictures that go through a tower at once."""


@dataclass(frozen=True, eq=False)
class Measured:
    """All layers of V pictures of one size of grid: an original first, then its coded versions.

    Blocks are numbered from 0 to L - 1. Tokens have L + 1 places: 0 is before block 0, i + 1 after block i.
    """

    attention: dict[str, Array]
    """(V, L) of each of `CURVES`."""
    inflow: Array
    """(L, P), of the original."""
    outflow: Array
    """(L, P), of the original."""
    cosine: Array
    """(V, L + 1, P): each patch's similarity to the original; 1 in the original's own row."""
    cka: Array
    """(V, L + 1)."""


def measure_versions(
    tower: "Tower", versions: Sequence[NDArray[np.uint8]], batch: int = DEFAULT_BATCH
) -> Measured:
    """Run an original and its coded versions through a tower.

    Memory holds the tokens of the original at every layer, and one layer of at most `batch` pictures; with large
    grids fewer go at once, so that one block's attention keeps to 256 MiB.

    Args:
        tower: any that gives attention weights.
        versions: uint8 (H, W, 3), the original first; sizes may differ.
        batch: most pictures at once.

    Raises:
        ModelError: the tower gives no attention weights.
        ValueError: there is no picture, or the batch is none.
    """
    if not versions or batch < 1:
        raise ValueError("measuring needs a picture, and a batch of at least 1")
    size = min(batch, batch_size(tower, 1))
    kept: list[Tensor] = []
    parts = [_chunk(tower, versions[start : start + size], kept) for start in range(0, len(versions), size)]
    first = parts[0]
    return Measured(
        attention={name: np.concatenate([part.attention[name] for part in parts]) for name in CURVES},
        inflow=first.inflow,
        outflow=first.outflow,
        cosine=np.concatenate([part.cosine for part in parts]),
        cka=np.concatenate([part.cka for part in parts]),
    )


def _chunk(tower: "Tower", pictures: Sequence[NDArray[np.uint8]], kept: list[Tensor]) -> Measured:
    """Measure some versions; the first chunk, which begins with the original, leaves its patch tokens in `kept`."""
    images, is_first = tower.preprocess(pictures), not kept
    grid = tower.grid(*images.shape[-2:])
    blocks: list[AttentionMeasures] = []
    cosine, cka = [], []
    with torch.inference_mode():
        for place, step in enumerate(walk(tower, images)):
            patches = step.tokens[:, tower.prefix_tokens :]
            if is_first:
                kept.append(patches[0].clone())
            cosine.append(cosine_similarity(kept[place], patches).cpu())
            cka.append(linear_cka(kept[place], patches).cpu())
            if step.attention is not None:
                blocks.append(measure_attention(step.attention, tower.prefix_tokens, grid))
            del step
    return Measured(
        attention={
            name: torch.stack([getattr(block, name) for block in blocks], 1).cpu().numpy() for name in CURVES
        },
        inflow=torch.stack([block.inflow[0] for block in blocks]).cpu().numpy(),
        outflow=torch.stack([block.outflow[0] for block in blocks]).cpu().numpy(),
        cosine=torch.stack(cosine, 1).numpy(),
        cka=torch.stack(cka, 1).numpy(),
    )
