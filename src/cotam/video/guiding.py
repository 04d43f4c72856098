"""Guidance along time: levels that do not flicker, and a tower that is spared where little has changed.

Frame by frame, as in the paper, a cell near a threshold changes its level with every bit of noise. Here

1. the importance of each cell, in standard deviations, is averaged over time with weights that fall exponentially, and
2. a cell keeps its level until its average has passed the threshold by a margin (hysteresis).

Where the tower's own embeddings of the picture hardly differ from those of the frame whose map is in use, the map is
used again and no block of the tower is run. At a cut, which is a large change of the whole picture, all starts anew.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cotam.codec import Guide, LevelMap
from cotam.guidance import automatic_grid
from cotam.guidance.level_map import levels_at
from cotam.guidance.maps import area_average, standardised
from cotam.video.changes import CUT, change, glance
from cotam.video.frame import MILLISECONDS

if TYPE_CHECKING:
    from cotam.vision import Tower

SETTLE_SECONDS: Final = 1.0
"""Time after which a frame's weight in the average has fallen to 1/e."""
MARGIN: Final = 0.25
"""Standard deviations by which a cell must pass a threshold before its level follows."""
REUSE_BELOW: Final = 0.1
"""Change of the tower's embeddings, as a share of their spread over the picture, below which the map is used again."""


@dataclass
class _Memory:
    """What is known of the frames since the last cut."""

    glance: NDArray[np.float32] | None = None
    """The last frame, small."""
    embedded: Tensor | None = None
    """The tower's embeddings of the frame whose map is in use."""
    average: NDArray[np.float64] | None = None
    """Importance of each cell, averaged."""
    levels: NDArray[np.int8] | None = None
    """The map in use."""
    time_ms: int = 0
    """When the average was last added to."""


class GuideOverTime:
    """Makes level maps of frames that come one after the other; one for each sequence, since it remembers."""

    def __init__(
        self,
        guide: Guide,
        *,
        settle_seconds: float = SETTLE_SECONDS,
        margin: float = MARGIN,
        reuse_below: float = REUSE_BELOW,
    ) -> None:
        """Choose how steady the levels are.

        Args:
            guide: says what is important in a frame, and how levels are made of it.
            settle_seconds: time constant of the average; 0 takes each frame's importance alone.
            margin: of the hysteresis, in standard deviations; 0 is none.
            reuse_below: change below which the last map is used again; 0 never does. Of no effect without a tower.

        Raises:
            ValueError: a number below 0.
        """
        for name, value in (
            ("settle_seconds", settle_seconds),
            ("margin", margin),
            ("reuse_below", reuse_below),
        ):
            if not value >= 0:
                raise ValueError(f"{name} must not be below 0, it is {value}")
        self.guide = guide
        self._settle_ms, self._margin, self._reuse_below = settle_seconds * MILLISECONDS, margin, reuse_below
        self._tower: Tower | None = getattr(guide.source, "tower", None)
        self.reused = 0
        """How many maps were used again, without a run of the tower."""
        self._memory = _Memory()

    def level_map(self, pixels: NDArray[np.uint8], timestamp_ms: int) -> LevelMap | None:
        """Make the level map of the next frame.

        Args:
            pixels: uint8 (height, width, 3).
            timestamp_ms: of the frame; not before that of the last one.

        Raises:
            ValueError: the source cannot be laid over this picture.
        """
        if self.guide.is_uniform:
            return None
        seen = glance(pixels)
        if self._memory.glance is not None and change(self._memory.glance, seen) > CUT:
            self._memory = _Memory()
        self._memory.glance = seen
        unchanged, levels = self._hardly_changed(pixels), self._memory.levels
        if levels is None or not unchanged:
            self._memory.levels = levels = self._next_levels(pixels, timestamp_ms)
        else:
            self.reused += 1
        return self.guide.with_levels(levels)

    def _hardly_changed(self, pixels: NDArray[np.uint8]) -> bool:
        """Whether the tower's embeddings are those of the frame of the last map; what is new is remembered."""
        if self._tower is None or not self._reuse_below:
            return False
        embedded, before = embeddings(self._tower, pixels), self._memory.embedded
        if before is not None and relative_change(before, embedded) < self._reuse_below:
            return True
        self._memory.embedded = embedded
        return False

    def _next_levels(self, pixels: NDArray[np.uint8], timestamp_ms: int) -> NDArray[np.int8]:
        options, memory, (height, width) = self.guide.options, self._memory, pixels.shape[:2]
        grid = automatic_grid(height, width) if options.grid == "auto" else options.grid
        rows, columns = (grid, grid) if isinstance(grid, int) else grid
        found = standardised(area_average(self.guide.source.importance(pixels), rows, columns))
        memory.average = self._averaged(found, timestamp_ms - memory.time_ms)
        memory.time_ms = timestamp_ms
        distances = standardised(memory.average)
        levels = levels_at(distances, options.k, options.count)
        if memory.levels is None:
            return levels
        highest = levels_at(distances + self._margin, options.k, options.count)
        lowest = levels_at(distances - self._margin, options.k, options.count)
        return np.where((lowest <= memory.levels) & (memory.levels <= highest), memory.levels, levels)

    def _averaged(self, found: NDArray[np.float64], elapsed_ms: int) -> NDArray[np.float64]:
        average = self._memory.average
        if average is None or not self._settle_ms:
            return found
        weight = 1 - math.exp(-elapsed_ms / self._settle_ms)
        return average + weight * (found - average)


@torch.inference_mode()
def embeddings(tower: "Tower", pixels: NDArray[np.uint8]) -> Tensor:
    """What the tower's first block takes of a picture, without prefix tokens, (patches, width)."""
    return tower.embed(tower.preprocess([pixels]))[0, tower.prefix_tokens :].float()


def relative_change(before: Tensor, after: Tensor) -> float:
    """Distance of two sets of tokens (patches, width), as a share of the spread of the first over its patches."""
    spread = (before - before.mean(0)).norm()
    return float((after - before).norm() / spread) if spread else math.inf
