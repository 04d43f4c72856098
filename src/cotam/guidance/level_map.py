"""From importance to levels: pool to a grid, then compare with mean and standard deviation (CoTAM, section 3).

With ``count = 2m + 1`` levels there are m thresholds on each side of the mean::

    t_i = k * std * (2i - 1) / m        i = 1 .. m

and a cell's level is how many of them it exceeds, with the sign of its side. For three levels that is the paper's
mean ± k·std. For more levels it is a uniform quantiser with step 2k·std/m whose thresholds average k·std again, so
that k keeps its meaning while the count changes: 5 levels have 0.5 k and 1.5 k, 7 levels k/3, k and 5k/3.
"""

import math
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from cotam.bitstream.limits import MAX_GRID, MAX_STRENGTH, MIN_STRENGTH, STRENGTH_STEP
from cotam.entropy_coding.level_map import LEVEL_COUNTS
from cotam.guidance.maps import area_average, standardised

Grid = int | tuple[int, int] | Literal["auto"]

DEFAULT_GRID: Final = 8
"""Rows and columns of the level map of an ordinary picture, as in the paper."""
LARGEST_AUTOMATIC_GRID: Final = 32
"""Where the growth of an automatic grid ends: larger pictures get larger cells, not more side information."""
AUTOMATIC_CELL: Final = 168
"""Most pixels of an automatic cell's side until the bound: half a 336-pixel tile, so 8 cells last to 1344 pixels."""
DEFAULT_K: Final = 0.75
"""Standard deviations between the mean and the threshold, as in the paper."""
MIN_K, MAX_K = 0.05, 4.0
"""Below, noise around the mean would be coded; above, hardly a map has a cell that far out."""
DEFAULT_STRENGTH: Final = 10.0
"""Quality per level."""


@dataclass(frozen=True)
class LevelOptions:
    """How levels are made of importance, and how far they reach.

    Raises:
        ValueError: naming the option that is out of range, and the range.
    """

    grid: Grid = "auto"
    """Rows and columns of the level map, or one number for both; "auto" is `automatic_grid`."""
    k: float = DEFAULT_K
    """Standard deviations from the mean to the threshold."""
    count: int = 3
    """Number of levels: 3, 5, 7 or 9."""
    strength: float = DEFAULT_STRENGTH
    """Quality per level, 0.5 to 50 in steps of 0.5."""

    def __post_init__(self) -> None:
        """Check all options, so that a mistake is found before a picture is."""
        if self.grid != "auto":
            _rows_and_columns(self.grid)
        _check_thresholds(self.k, self.count)
        steps = self.strength / STRENGTH_STEP
        if not (MIN_STRENGTH <= self.strength <= MAX_STRENGTH and steps == int(steps)):
            raise ValueError(
                f"strength must be from {MIN_STRENGTH:g} to {MAX_STRENGTH:g} in steps of {STRENGTH_STEP:g}, "
                f"not {self.strength}"
            )

    def levels(self, importance: NDArray[Any], height: int, width: int) -> NDArray[np.int8]:
        """Levels of a picture of `height` x `width` pixels with this importance, as `levels_of` makes them."""
        grid = automatic_grid(height, width) if self.grid == "auto" else self.grid
        return levels_of(importance, grid, self.k, self.count)


def automatic_grid(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of the level map where none are asked for.

    8 x 8 for sides up to 1344 pixels; then two cells for each 336-pixel tile that `hierarchical` looks at, up to
    32 (5376 pixels). Between these bounds the number of cells grows with the tiles, but a cell that is like its
    neighbours costs a third of a bit and one at the border of a blob some two, so the bytes follow the detail found.
    """

    def cells(side: int) -> int:
        return min(max(math.ceil(side / AUTOMATIC_CELL), DEFAULT_GRID), LARGEST_AUTOMATIC_GRID)

    return cells(height), cells(width)


def levels_of(
    importance: NDArray[Any], grid: int | tuple[int, int] = DEFAULT_GRID, k: float = DEFAULT_K, count: int = 3
) -> NDArray[np.int8]:
    """Make a level map of an importance map.

    Args:
        importance: finite numbers (rows, columns) on any grid, larger is more important.
        grid: rows and columns of the level map, 1 to 128, or one number for both.
        k: standard deviations between the mean and the (mean) threshold, 0.05 to 4.
        count: number of levels, 3, 5, 7 or 9.

    Returns:
        int8 (rows, columns) in -(count // 2) .. count // 2; all zeros if the pooled map is constant. Mean and
        standard deviation are those of the pooled map.

    Raises:
        ValueError: naming the argument that is out of range, and the range.
    """
    rows, columns = _rows_and_columns(grid)
    _check_thresholds(k, count)
    if importance.ndim != 2 or not importance.size or not np.isfinite(importance).all():
        raise ValueError(f"importance must be finite numbers (rows, columns), not {importance.shape}")
    return levels_at(standardised(area_average(importance, rows, columns)), k, count)


def levels_at(distances: NDArray[Any], k: float, count: int) -> NDArray[np.int8]:
    """Levels, int8, of cells that lie so many standard deviations from the mean; `k` and `count` as in `levels_of`."""
    each_side = count // 2
    thresholds = k * (2 * np.arange(1, each_side + 1) - 1) / each_side
    passed = np.searchsorted(thresholds, np.abs(distances), side="left")
    return (np.sign(distances) * passed).astype(np.int8)


def _rows_and_columns(grid: int | tuple[int, int]) -> tuple[int, int]:
    sides = (grid, grid) if isinstance(grid, int) else grid
    right = isinstance(sides, tuple) and len(sides) == 2 and all(isinstance(side, int) for side in sides)
    if not right or not all(1 <= side <= MAX_GRID for side in sides):
        raise ValueError(
            f"grid must be rows and columns from 1 to {MAX_GRID}, or one such number, not {grid!r}"
        )
    return sides


def _check_thresholds(k: float, count: int) -> None:
    if not MIN_K <= k <= MAX_K:
        raise ValueError(f"k must be from {MIN_K:g} to {MAX_K:g} standard deviations, not {k}")
    if count not in LEVEL_COUNTS:
        raise ValueError(f"count must be one of {', '.join(map(str, LEVEL_COUNTS))} levels, not {count}")
