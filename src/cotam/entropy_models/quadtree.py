"""Four-pass context model: every pass codes a quarter of the channels at every position.

Channels form four equal groups and positions four parity classes (row and column even or odd). In pass p the class c
codes the group ``ORDER[p] xor c``: a Latin square, so after each pass every position knows something of itself and of
its neighbours (the idea of the quadtree partition in Li et al., "Neural Video Compression with Diverse Contexts",
CVPR 2023). Every pass is one convolution network over the whole picture: parallel, never raster order.
"""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from cotam.entropy_models.passes import PassBlock
from cotam.entropy_models.structure import PASSES, Where, blocks_of_pass
from cotam.ops.fixed_point import FixedConv, add_leaky, leaky_relu, saturate

STRIP_POSITIONS = 4096
"""Positions that a trunk works on together outside training: few enough to stay in a processor's cache."""


class QuadtreeContext(nn.Module):
    """Mean and table index of every latent, pass by pass, from features and the latents already known.

    Args:
        latents: number M of latent channels, a multiple of 4.
        features: channels of the hyperprior's features.
        nodes: quality nodes K.
        width: channels of the network.
    """

    def __init__(self, latents: int, features: int, nodes: int, width: int) -> None:
        super().__init__()
        self.latents = latents
        self.prior = FixedConv(features + nodes, width)
        self.known = nn.ModuleList(FixedConv(latents, width) for _ in range(PASSES - 1))
        self.trunks = nn.ModuleList(ContextTrunk(width) for _ in range(PASSES))
        self.heads = nn.ModuleList(GroupHeads(width, latents) for _ in range(PASSES))

    def prior_features(self, features: Tensor, hats: Tensor) -> Tensor:
        """What all passes share: hyperprior features and quality hats, both in activation units."""
        return self.prior(torch.cat([features, hats], 1))

    def parameters_of_pass(self, number: int, prior: Tensor, known: Tensor) -> list[PassBlock]:
        """What pass ``number`` codes, block by block; blocks without positions are left out.

        ``known`` holds the latents of earlier passes, zero elsewhere. All in activation units.
        """
        x = prior if number == 0 else saturate(prior + self.known[number - 1](saturate(known)))
        x = self.trunks[number](x)
        blocks = []
        for group, where in blocks_of_pass(number, self.latents):
            part = x[:, :, where[2], where[3]]
            if part.numel():
                blocks.append(PassBlock(where, *self.heads[number](part, group).chunk(2, 1)))
        return blocks

    def passes(self) -> Iterator[list[Where]]:
        """Where the blocks of each pass lie, in coding order."""
        return ([where for _, where in blocks_of_pass(n, self.latents)] for n in range(PASSES))

    def run(self, prior: Tensor, like: Tensor, code: Callable[[list[PassBlock]], list[Tensor]]) -> Tensor:
        """Go through the passes.

        Args:
            prior: from `prior_features`.
            like: a tensor of the latents' shape (N, M, H, W), type and device.
            code: gets the blocks of a pass and returns the latents of each, in activation units.

        Returns:
            All latents, (N, M, H, W).
        """
        known = torch.zeros_like(like)
        for number in range(PASSES):
            blocks = self.parameters_of_pass(number, prior, known)
            if known.requires_grad:
                known = known.clone()
            for block, values in zip(blocks, code(blocks), strict=True):
                known[block.where] = values
        return known


class GroupHeads(nn.ModuleList):
    """The last layer of a pass, one for each channel group: means and indexes of the group's channels."""

    def __init__(self, width: int, latents: int) -> None:
        super().__init__(FixedConv(width, 2 * latents // PASSES, saturating=False) for _ in range(PASSES))

    def forward(self, x: Tensor, group: int) -> Tensor:
        """Features (N, C, h, w) to (N, M/2, h, w): the group's means, then its indexes."""
        return self[group](x)


class ContextTrunk(nn.Module):
    """Two residual steps of depthwise 3 x 3 and pointwise mixing, exact."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.spread = FixedConv(width, width, depthwise=True)
        self.mix = FixedConv(width, width)
        self.refine = FixedConv(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Mix positions, then channels twice; (N, C, H, W) to the same."""
        x = leaky_relu(x)
        near = self.spread(x)
        if near.requires_grad:
            return self._across(x, near)
        strips = math.ceil(x[:, 0].numel() / STRIP_POSITIONS)
        for strip, strip_near in zip(x.chunk(strips, 2), near.chunk(strips, 2), strict=True):
            strip.copy_(self._across(strip, strip_near))
        return x

    def _across(self, x: Tensor, near: Tensor) -> Tensor:
        x = add_leaky(x, self.mix(near))
        return add_leaky(x, self.refine(x))
