"""Where a tower's stages begin, estimated from its curves.

The paper tells three stages by eye: broad screening, local gathering, global integration. Here the blocks are cut in
three where straight lines fit the curves best (`change_points`), and pictures are drawn again to see how far the
borders move. From attention the curves are D_avg and D_top1 of the originals together, each divided by its standard
deviation over blocks; from similarity it is the mean cosine after each block.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cotam.analysis.bootstrap import INTERVAL
from cotam.analysis.change_points import change_points

Array = NDArray[np.float64]
NAMES = ("1: broad screening", "2: local gathering", "3: global integration")


@dataclass(frozen=True)
class Border:
    """The first block of a stage, with the 95 % interval over pictures."""

    block: int
    low: int
    high: int


@dataclass(frozen=True)
class Stages:
    """Three stages of a tower of `depth` blocks."""

    second: Border
    third: Border
    depth: int

    @property
    def ranges(self) -> tuple[range, range, range]:
        """Blocks of each stage."""
        second, third = self.second.block, self.third.block
        return range(second), range(second, third), range(third, self.depth)


def estimate_stages(curves: Sequence[Array]) -> Stages | None:
    """Estimate where the second and the third stage begin.

    Args:
        curves: one or more, each (1 + resamples, blocks): the pictures' mean, then those of pictures drawn again.

    Returns:
        The borders; None where there are fewer than nine blocks.
    """
    together = np.stack(curves, 1)
    spread = together[0].std(-1, keepdims=True)
    borders = change_points(together / np.where(spread > 0, spread, 1))
    if borders is None:
        return None
    low, high = np.percentile(borders[1:], INTERVAL, axis=0, method="inverted_cdf").astype(int)
    second, third = (
        Border(int(borders[0, i]), int(min(low[i], borders[0, i])), int(max(high[i], borders[0, i])))
        for i in range(2)
    )
    return Stages(second, third, together.shape[-1])


def slopes(curve: Array, stages: Stages) -> Array:
    """Least-squares slope per block in each stage, (..., 3).

    Args:
        curve: (..., depth + 1), values before block 0 and after every block; a stage's line runs from the value before
            its first block to that after its last.
        stages: where they are.
    """
    found = []
    for blocks in stages.ranges:
        part = curve[..., blocks.start : blocks.stop + 1]
        x = np.arange(part.shape[-1]) - (part.shape[-1] - 1) / 2
        found.append(part @ x / (x @ x))
    return np.stack(found, -1)
