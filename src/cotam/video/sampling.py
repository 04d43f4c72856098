"""Which frames of a clip are taken: all, so many a second, or so many in all, evenly or by scenes."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cotam.bitstream.limits import MAX_FRAMES
from cotam.video.frame import MILLISECONDS

MAX_FPS = 1000.0
"""Timestamps are milliseconds, so more frames a second cannot be told apart."""


@dataclass(frozen=True)
class Sampling:
    """How frames are chosen; without any option, all are.

    Raises:
        ValueError: an option out of range, or two that exclude each other.
    """

    fps: float | None = None
    """Frames a second, at most: the first frame at or after each tick."""
    num_frames: int | None = None
    """Frames in all, from the first to the last; all of them if there are fewer."""
    scenes: bool = False
    """Whether the ``num_frames`` are the middles of scenes, which are parted where the picture changes most."""

    def __post_init__(self) -> None:
        """Check the options together."""
        if self.fps is not None and self.num_frames is not None:
            raise ValueError("fps and num_frames exclude each other: give one")
        if self.fps is not None and not 0 < self.fps <= MAX_FPS:
            raise ValueError(f"fps must be above 0 and at most {MAX_FPS:g}, not {self.fps}")
        if self.num_frames is not None and not 1 <= self.num_frames <= MAX_FRAMES:
            raise ValueError(f"num_frames must be 1 to {MAX_FRAMES}, not {self.num_frames}")
        if self.scenes and self.num_frames is None:
            raise ValueError("scenes needs num_frames, the number of scenes to take a frame of")

    def choose(self, times_ms: Sequence[int], changes: Callable[[], NDArray[np.float64]]) -> list[int]:
        """Choose frames.

        Args:
            times_ms: times of all frames, ascending.
            changes: gives how much each frame but the first differs from the one before; called for scenes alone.

        Returns:
            Numbers of the chosen frames, ascending, each once.
        """
        count = len(times_ms)
        if self.fps is not None:
            return at_rate(times_ms, self.fps)
        if self.num_frames is None or self.num_frames >= count:
            return list(range(count))
        if self.scenes:
            return middles_of_scenes(changes(), self.num_frames)
        return [round(place) for place in np.linspace(0, count - 1, self.num_frames).tolist()]


def at_rate(times_ms: Sequence[int], fps: float) -> list[int]:
    """Numbers of the first frame at or after each tick of a clock of ``fps`` that starts with the first frame."""
    chosen: list[int] = []
    due = -math.inf
    for index, time in enumerate(times_ms):
        elapsed = time - times_ms[0]
        if elapsed >= due:
            chosen.append(index)
            due = (math.floor(elapsed * fps / MILLISECONDS + 1e-6) + 1) * MILLISECONDS / fps - 0.5
    return chosen


def middles_of_scenes(changes: NDArray[np.float64], scenes: int) -> list[int]:
    """Part frames at the ``scenes`` - 1 largest changes, and take the middle frame of each part.

    Args:
        changes: from each frame to the next, (frames - 1,).
        scenes: how many parts, at most as many as frames.
    """
    cuts = np.sort(np.argsort(-changes, kind="stable")[: scenes - 1]) + 1
    borders = [0, *cuts.tolist(), len(changes) + 1]
    return [(first + behind - 1) // 2 for first, behind in pairwise(borders)]
