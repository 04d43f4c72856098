"""Entropy networks of predicted frames: hyperprior and context of a still, which also see the frame before.

What is coded are differences to a *reference*, the latents of the frame before at this frame's gains, in the cells
whose mode says so. The networks are those of a still with three additions, all zero before training, so that an
untrained one codes differences as the base model codes pictures:

- features of the reference and the modes join the prior;
- each head has a third output, a gate: the mean of a latent gets gate · reference;
- cells that are taken over whole cost nothing: their index is 0, their mean is 0.

Source: the idea of conditional coding, Li et al., "Deep Contextual Video Compression", NeurIPS 2021; here on latents.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cotam.entropy_models.quadtree import GroupHeads, PassBlock, QuadtreeContext
from cotam.entropy_models.structure import HYPER_STRIDE, PASSES, blocks_of_pass
from cotam.ops.fixed_point import FixedConv, leaky_relu, saturate
from cotam.ops.integers import ONE

SKIP, INTER, INTRA = 0, 1, 2
"""Modes of a cell: the reference itself, the reference and a coded difference, coded without the reference."""
MODES = 3
MAX_GATE = 2
"""Gates are kept within ±2."""


class TemporalContext(QuadtreeContext):
    """`QuadtreeContext` that also sees a reference; arguments as there."""

    def __init__(self, latents: int, features: int, nodes: int, width: int) -> None:
        super().__init__(latents, features, nodes, width)
        self.reference = ReferenceFeatures(latents, width)
        self.heads = nn.ModuleList(GroupHeads(width, latents * 3 // 2) for _ in range(PASSES))

    def run_from(
        self,
        prior: Tensor,
        reference: Tensor,
        modes: Tensor,
        code: Callable[[list[PassBlock]], list[Tensor]],
    ) -> Tensor:
        """Go through the passes.

        Args:
            prior: from `prior_features`.
            reference: latents of the frame before at this frame's gains (N, M, H, W), in activation units.
            modes: mode of each cell, int64 (N, H, W).
            code: gets the blocks of a pass and returns the differences of each, in activation units.

        Returns:
            The differences of all latents to what their mode takes over, (N, M, H, W).
        """
        prior = saturate(prior + self.reference(reference, modes))
        coded = (modes != SKIP)[:, None].to(prior.dtype)
        known = torch.zeros_like(reference)
        for number in range(PASSES):
            blocks = self._blocks(number, prior, known, reference, coded)
            if prior.requires_grad:
                known = known.clone()
            for block, values in zip(blocks, code(blocks), strict=True):
                known[block.where] = values
        return known

    def _blocks(
        self, number: int, prior: Tensor, known: Tensor, reference: Tensor, coded: Tensor
    ) -> list[PassBlock]:
        x = prior if number == 0 else saturate(prior + self.known[number - 1](saturate(known)))
        x = self.trunks[number](x)
        blocks = []
        for group, where in blocks_of_pass(number, self.latents):
            part = x[:, :, where[2], where[3]]
            if part.numel():
                means, indexes, gates = self.heads[number](part, group).chunk(3, 1)
                some = coded[:, :, where[2], where[3]]
                means = means + gated(gates, reference[where])
                blocks.append(PassBlock(where, means * some, indexes * some))
        return blocks


class ReferenceFeatures(nn.Module):
    """What the prior learns of the reference: its latents and the modes, mixed over 3 x 3 cells, exact."""

    def __init__(self, latents: int, width: int) -> None:
        super().__init__()
        self.enter = FixedConv(latents + MODES, width)
        self.spread = FixedConv(width, width, depthwise=True)
        self.leave = FixedConv(width, width)
        nn.init.zeros_(self.leave.weight)
        assert self.leave.bias is not None
        nn.init.zeros_(self.leave.bias)

    def forward(self, reference: Tensor, modes: Tensor) -> Tensor:
        """(N, M, H, W) and int64 (N, H, W) to features (N, C, H, W), in activation units."""
        planes = (modes[:, None] == torch.arange(MODES, device=modes.device).view(1, -1, 1, 1)).to(reference)
        x = torch.cat([saturate(reference), planes * unit_of(reference)], 1)
        return self.leave(leaky_relu(self.spread(leaky_relu(self.enter(x)))))


def unit_of(x: Tensor) -> int:
    """What stands for 1.0 in activations: 256 in the integer form, which is float64, and 1 in the float form."""
    return ONE if x.dtype == torch.float64 else 1


def gated(gates: Tensor, reference: Tensor) -> Tensor:
    """Gate · reference, both in activation units; on integers rounded half up."""
    unit = unit_of(reference)
    product = gates.clamp(-MAX_GATE * unit, MAX_GATE * unit) * reference
    return product if unit == 1 else product.add_(ONE // 2).div_(ONE).floor_()


def coded_hyper_cells(modes: Tensor) -> Tensor:
    """Hyper-latent cells with a cell that is coded: int64 (N, 1, ⌈H/4⌉, ⌈W/4⌉), 1 or 0."""
    coded = (modes != SKIP)[:, None].float()
    return F.max_pool2d(coded, HYPER_STRIDE, ceil_mode=True).to(torch.int64)
