"""Importance from a vision tower's attention: where its first blocks look (CoTAM, section 3).

**class**: the attention weights from [CLS] to each patch, averaged over heads and over the chosen layers.
**received**: the weights from each patch to each patch, averaged over the asking patches as well: how much attention
a patch receives. It stands in for towers without [CLS], such as SigLIP; the paper has no counterpart.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from cotam.guidance.attention import DEFAULT_LAYERS, Attention, check_layers, resolve_attention

if TYPE_CHECKING:
    from cotam.vision import Tower


def attention_importance(
    tower: "Tower",
    images: torch.Tensor,
    layers: Sequence[int] = DEFAULT_LAYERS,
    attention: Attention = "auto",
) -> NDArray[np.float32]:
    """Read importance off a tower's attention; only the blocks up to the last layer are run.

    Args:
        tower: the vision tower.
        images: a batch as `tower.preprocess` makes it, (N, 3, h, w).
        layers: blocks whose attention counts, numbered from 0.
        attention: "class", "received", or "auto" for "class" where the tower has [CLS].

    Returns:
        Mean attention weight per patch, float32 (N, rows, columns), in 0..1.

    Raises:
        ValueError: for a layer that the tower does not have, or attention that it cannot give.
    """
    kind, chosen = resolve_attention(tower, attention), check_layers(tower, layers)
    with torch.inference_mode():
        run = tower.run(images, max(chosen) + 1, attention_of=chosen)
        maps = [_per_patch(run.attention[layer], kind, tower.prefix_tokens) for layer in chosen]
        mean = torch.stack(maps).mean(0)
    rows, columns = tower.grid(*images.shape[-2:])
    return mean.reshape(-1, rows, columns).cpu().numpy()


def _per_patch(weights: torch.Tensor, kind: str, prefix_tokens: int) -> torch.Tensor:
    """Mean over heads, (N, patches), of weights (N, heads, asking token, asked token)."""
    to_patches = weights[..., prefix_tokens:].float()
    if kind == "class":
        return to_patches[:, :, 0].mean(1)
    return to_patches[:, :, prefix_tokens:].mean((1, 2))
