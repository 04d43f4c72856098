"""Importance from a vision tower's attention: where its first blocks look (CoTAM, section 3).

**class**: the attention weights from [CLS] to each patch, averaged over heads and over the chosen layers.
**received**: the weights from each patch to each patch, averaged over the asking patches as well: how much attention
a patch receives. It stands in for towers without [CLS], such as SigLIP; the paper has no counterpart.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cotam.vision import Tower

Attention = Literal["auto", "class", "received"]
ATTENTIONS: Final = ("auto", "class", "received")
DEFAULT_LAYERS: Final = (0, 1, 2)
"""The paper's choice. Deep layers make results worse: their attention has converged on summary tokens."""
ATTENTION_BYTES: Final = 2**28
"""Most memory that the attention weights of one batch may take: 256 MiB."""


def check_layers(tower: "Tower", layers: Sequence[int]) -> tuple[int, ...]:
    """Return the layers in ascending order, each once; ValueError unless all are the tower's."""
    if not layers or not all(0 <= layer < tower.depth for layer in layers):
        raise ValueError(
            f"layers must be block numbers from 0 to {tower.depth - 1} for {tower.name}, not {tuple(layers)}"
        )
    return tuple(sorted(set(layers)))


def resolve_attention(tower: "Tower", attention: Attention) -> Literal["class", "received"]:
    """Return the kind of attention to read: "auto" is "class" where the tower has [CLS], else "received".

    Raises:
        ValueError: for another word, and for "class" where the tower has no [CLS].
    """
    if attention not in ATTENTIONS:
        raise ValueError(f"attention must be one of {', '.join(ATTENTIONS)}, not {attention!r}")
    if attention == "auto":
        return "class" if tower.has_class_token else "received"
    if attention == "class" and not tower.has_class_token:
        raise ValueError(f"attention must be 'received' or 'auto': {tower.name} has no [CLS] token")
    return attention


def batch_size(tower: "Tower", layers: int) -> int:
    """How many pictures may go through the tower at once, so that attention keeps to `ATTENTION_BYTES`."""
    rows, columns = tower.grid(*tower.input_size)
    tokens = tower.prefix_tokens + rows * columns
    weights = layers * tower.heads * tokens**2 * torch.float32.itemsize
    return max(ATTENTION_BYTES // weights, 1)


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
