"""What a block's attention says: how far patches look, and where attention gathers.

A is the attention from patches to patches: weights after softmax, averaged over heads; [CLS] and registers are left
out, as asking and as asked tokens, and each row is divided by its sum, so that it is a distribution over patches again.
What they held before is told as the prefix share.
"""

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from cotam.analysis.geometry import patch_distances

SUMMARY_SHARE: Final = 0.01
"""Share of the patches that count as summary tokens; at least one patch."""


@dataclass(frozen=True, eq=False)
class AttentionMeasures:
    """One block's attention, reduced; a row for each of N pictures."""

    mean_distance: Tensor
    """D_avg, (N,), in patches: the mean over patches i of sum_j A_ij · d(p_i, p_j)."""
    top1_distance: Tensor
    """D_top1, (N,), in patches: the mean over i of d(p_i, p_k) with k = argmax_j A_ij, the first one of equals."""
    summary_share: Tensor
    """(N,), 0..1: share of all attention that goes to the 1 % of patches which receive most; rounded up, so that of
    196 patches these are two. Uniform attention gives their share of the patches."""
    prefix_share: Tensor
    """(N,), 0..1: share of the patches' attention that went to [CLS] and registers before they were left out."""
    inflow: Tensor
    """(N, P): attention that patch j receives from the other patches, sum over i != j of A_ij."""
    outflow: Tensor
    """(N, P), 0..1: attention that patch i gives to other patches, sum over j != i of A_ij; the rest stays."""


def patch_attention(weights: Tensor, prefix_tokens: int) -> tuple[Tensor, Tensor]:
    """Return A, float32 (N, P, P), and the prefix share (N,), of weights (N, heads, T, T).

    Rows that give patches nothing at all stay zero.

    Raises:
        ValueError: the weights have another shape, or no patch.
    """
    if weights.ndim != 4 or weights.shape[-1] != weights.shape[-2] or weights.shape[-1] <= prefix_tokens:
        raise ValueError(
            f"weights must be (N, heads, T, T) with T > {prefix_tokens}, not {tuple(weights.shape)}"
        )
    asked = weights[:, :, prefix_tokens:].mean(1, dtype=torch.float32)
    prefix, patches = asked[..., :prefix_tokens], asked[..., prefix_tokens:]
    totals = patches.sum(-1, keepdim=True)
    return patches / totals.clamp_min(torch.finfo(torch.float32).tiny), prefix.sum(-1).mean(-1)


def measure_attention(weights: Tensor, prefix_tokens: int, grid: tuple[int, int]) -> AttentionMeasures:
    """Reduce one block's attention.

    Args:
        weights: after softmax, (N, heads, T, T); rows ask.
        prefix_tokens: [CLS] and registers, which come before the patches.
        grid: rows and columns of patches, in reading order.

    Raises:
        ValueError: the weights do not fit the grid.
    """
    attention, prefix_share = patch_attention(weights, prefix_tokens)
    patches = attention.shape[-1]
    if patches != grid[0] * grid[1]:
        raise ValueError(f"a grid of {grid[0]} x {grid[1]} does not have the weights' {patches} patches")
    distances = patch_distances(*grid).to(attention.device)
    received, stays = attention.sum(1), attention.diagonal(dim1=1, dim2=2)
    most = received.topk(math.ceil(SUMMARY_SHARE * patches), dim=-1).values.sum(-1)
    return AttentionMeasures(
        mean_distance=torch.einsum("nij,ij->n", attention, distances) / patches,
        top1_distance=distances.gather(1, attention.argmax(-1).T).mean(0),
        summary_share=most / received.sum(-1).clamp_min(torch.finfo(torch.float32).tiny),
        prefix_share=prefix_share,
        inflow=received - stays,
        outflow=attention.sum(-1) - stays,
    )
