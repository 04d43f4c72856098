"""Space-channel context of ELIC: uneven groups of channels, each in two passes of a checkerboard.

He et al., "ELIC: Efficient Learned Image Compression with Unevenly Grouped Space-Channel Contextual Adaptive
Coding", CVPR 2022, section 3. Channels form groups, coded one after another. Of each group the positions whose row
and column sum to an even number come first (the anchors), then the others, which see the anchors beside them. So
five groups make ten passes, each over the whole picture at once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cotam.entropy_models.gaussian import SCALE_MIN, index_of_scale, scale_of_index
from cotam.entropy_models.passes import PassBlock
from cotam.entropy_models.structure import TABLES, Where
from cotam.models.elic.bounds import at_least
from cotam.models.elic.dense_convolution import DenseConv
from cotam.models.elic.equalising import Link
from cotam.models.elic.relu_chain import ReluChain
from cotam.ops.fixed_point import FixedConv, saturate
from cotam.ops.integers import ONE

KERNEL = 5
ANCHORS = ((0, 0), (1, 1))
OTHERS = ((0, 1), (1, 0))


@dataclass(frozen=True)
class ContextSizes:
    """Sizes of a space-channel context."""

    groups: tuple[int, ...]
    """Channels of each group."""
    features: int
    """Channels of the hyperprior's features."""
    channel_hidden: tuple[int, int]
    """Channels inside the channel context."""
    parameter_hidden: tuple[int, ...]
    """Channels inside the parameter networks, two numbers a group."""
    all_groups: bool
    """Whether a group sees all groups before it, or the first and the last of them."""

    def seen(self, group: int) -> list[int]:
        """The groups that a group sees."""
        before = list(range(group))
        return before if self.all_groups or group < 2 else [0, group - 1]


class SpaceChannelContext(nn.Module):
    """Mean and scale of every latent, group by group and anchors first.

    Buffer ``thresholds`` int32 (62,): the scale, in units of 2^-8, from which on a table index is at least 2, 3, ...

    Args:
        sizes: of its networks.
    """

    thresholds: Tensor

    def __init__(self, sizes: ContextSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.bounds = [sum(sizes.groups[:k]) for k in range(len(sizes.groups) + 1)]
        self.channel = nn.ModuleList(
            _channel_context(sum(sizes.groups[i] for i in sizes.seen(k)), sizes.channel_hidden, 2 * size)
            for k, size in enumerate(sizes.groups)
            if k
        )
        self.spatial = nn.ModuleList(
            DenseConv(size, 2 * size, KERNEL, checkerboard=True) for size in sizes.groups
        )
        self.parameter = nn.ModuleList(
            _parameter_network(
                sizes.features + (4 if k else 2) * size, sizes.parameter_hidden[2 * k : 2 * k + 2], 2 * size
            )
            for k, size in enumerate(sizes.groups)
        )
        middles = scale_of_index(torch.arange(2, TABLES) - 0.5)
        self.register_buffer("thresholds", torch.ceil(middles.double() * ONE).to(torch.int32))

    def prior_features(self, features: Tensor, hats: Tensor) -> Tensor:
        """The hyperprior's features; what quality does is in the gained latents alone."""
        return features

    def run(self, prior: Tensor, like: Tensor, code: Callable[[list[PassBlock]], list[Tensor]]) -> Tensor:
        """Go through the passes; arguments and result as in `QuadtreeContext.run`."""
        known = torch.zeros_like(like)
        for group, size in enumerate(self.sizes.groups):
            shared = self._shared(group, prior, known)
            spatial = known.new_zeros(len(known), 2 * size, *known.shape[-2:])
            for parities in (ANCHORS, OTHERS):
                blocks = list(self._blocks(group, torch.cat([spatial, shared], 1), parities))
                known = known.clone() if known.requires_grad else known
                for block, values in zip(blocks, code(blocks) if blocks else [], strict=True):
                    known[block.where] = values
                if parities is ANCHORS:
                    spatial = self.spatial[group](saturate(known[:, self._channels(group)]))
        return known

    def passes(self) -> Iterator[list[Where]]:
        """Where the blocks of each pass lie, in coding order."""
        for group in range(len(self.sizes.groups)):
            for parities in (ANCHORS, OTHERS):
                yield [self._where(group, *parity) for parity in parities]

    def is_exact(self) -> bool:
        """Whether the thresholds rise, so that every way to search them finds the same index."""
        return bool((self.thresholds[1:] > self.thresholds[:-1]).all())

    def links(self) -> list[Link]:
        """What can be scaled inside (see `equalise`): all layers but the last of each parameter network."""
        links = []
        for group, size in enumerate(self.sizes.groups):
            spatial, parameter = self.spatial[group], _chain(self.parameter, group)
            assert isinstance(spatial, FixedConv)
            links += [Link(spatial, ((parameter.first, 0),)), *parameter.links()]
            if group:
                links += _chain(self.channel, group - 1).links(((parameter.first, 2 * size),))
        return links

    def readers(self) -> tuple[tuple[FixedConv, int], ...]:
        """The layers that read the hyperprior's features."""
        return tuple(
            (_chain(self.parameter, group).first, (4 if group else 2) * size)
            for group, size in enumerate(self.sizes.groups)
        )

    def _shared(self, group: int, prior: Tensor, known: Tensor) -> Tensor:
        """What both passes of a group know: other groups, if there are, and the hyperprior."""
        if not group:
            return prior
        seen = torch.cat([known[:, self._channels(k)] for k in self.sizes.seen(group)], 1)
        return torch.cat([self.channel[group - 1](saturate(seen)), prior], 1)

    def _channels(self, group: int) -> slice:
        return slice(self.bounds[group], self.bounds[group + 1])

    def _where(self, group: int, row: int, column: int) -> Where:
        return slice(None), self._channels(group), slice(row, None, 2), slice(column, None, 2)

    def _blocks(self, group: int, x: Tensor, parities: tuple[tuple[int, int], ...]) -> Iterator[PassBlock]:
        """The blocks of a pass; those without positions are left out."""
        for parity in parities:
            where = self._where(group, *parity)
            part = x[:, :, where[2], where[3]]
            if part.numel():
                means, scales = self.parameter[group](part).chunk(2, 1)
                yield PassBlock(where, means, self._indexes(scales))

    def _indexes(self, scales: Tensor) -> Tensor:
        """Table indexes in activation units of scales in activation units."""
        if scales.dtype != torch.float64:
            return index_of_scale(at_least(scales, SCALE_MIN))
        found = torch.bucketize(scales.contiguous(), self.thresholds.to(scales.dtype), right=True)
        return (found + 1).to(scales.dtype).mul_(ONE)


def _channel_context(inputs: int, hidden: tuple[int, int], outputs: int) -> ReluChain:
    """What groups coded before tell of a group: latents (N, C, H, W), in activation units, to (N, 2 · group, H, W)."""
    return ReluChain(
        DenseConv(inputs, hidden[0], KERNEL),
        DenseConv(hidden[0], hidden[1], KERNEL),
        DenseConv(hidden[1], outputs, KERNEL),
    )


def _parameter_network(inputs: int, hidden: tuple[int, ...], outputs: int) -> ReluChain:
    """Means, then scales of a group at each position from its contexts and the hyperprior."""
    return ReluChain(
        FixedConv(inputs, hidden[0]),
        FixedConv(hidden[0], hidden[1]),
        FixedConv(hidden[1], outputs, saturating=False),
    )


def _chain(networks: nn.ModuleList, number: int) -> ReluChain:
    chain = networks[number]
    assert isinstance(chain, ReluChain)
    return chain
