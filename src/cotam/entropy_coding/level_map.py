"""Coding of the level map: which cells of the picture are coded finer, and which coarser.

Level maps are blobs: neighbours are mostly equal, and level 0 is the commonest. So a level is coded with a
probability that falls with its distance to the left and to the upper neighbour. The frequencies are fixed,
made with integer arithmetic from the constants below, and part of the format: a change of them is a new
format version. An 8 x 8 map of three levels takes 7 to 9 bytes, a uniform one 4 or less.
"""

from collections.abc import Iterator
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cotam.entropy_coding.ans import FrameReader, FrameWriter
from cotam.entropy_coding.categorical import TOTAL, IntArray, Model, categorical

LEVEL_COUNTS: Final = (3, 5, 7, 9)
"""Numbers of levels that a map can have; n levels are the integers -(n-1)/2 .. (n-1)/2."""

ZERO_WEIGHT: Final = 4
OTHER_WEIGHT: Final = 3
"""Weights of level 0 and of any other level, before the neighbours are looked at."""

CLOSENESS_OF_3: Final = (32, 13, 2)
CLOSENESS: Final = (32, 18, 9, 5, 3, 2, 1, 1, 1)
"""Weight of a level at the distance 0, 1, ... from a neighbour, for three levels and for more.

Fitted by hand to 8 x 8 maps of simulated blobs and of the gradient energy of photographs."""


def level_frequencies(n: int, left: int | None, up: int | None) -> tuple[int, ...]:
    """Frequencies of the levels of a cell, given its neighbours.

    The weight of a level is its own weight times its closeness to each neighbour that exists. Each level gets
    ``1 + floor(weight * (2**24 - n) / sum of weights)``, and the first of the heaviest what is then missing.

    Args:
        n: number of levels, 3, 5, 7 or 9.
        left: level of the cell to the left, None in the first column.
        up: level of the cell above, None in the first row.

    Returns:
        n frequencies with the sum 2**24, for the levels -(n-1)/2 .. (n-1)/2 in this order.
    """
    closeness = CLOSENESS_OF_3 if n == LEVEL_COUNTS[0] else CLOSENESS
    weights = []
    for level in range(-(n // 2), n // 2 + 1):
        weight = OTHER_WEIGHT if level else ZERO_WEIGHT
        for neighbour in (left, up):
            weight *= 1 if neighbour is None else closeness[abs(level - neighbour)]
        weights.append(weight)
    frequencies = [1 + weight * (TOTAL - n) // sum(weights) for weight in weights]
    frequencies[weights.index(max(weights))] += TOTAL - sum(frequencies)
    return tuple(frequencies)


def write_level_map(writer: FrameWriter, levels: ArrayLike, n: int) -> None:
    """Add a level map to a frame, row by row.

    Args:
        writer: the frame.
        levels: integers (rows, columns) in -(n-1)/2 .. (n-1)/2.
        n: number of levels, 3, 5, 7 or 9.

    Raises:
        ValueError: another number of levels or of dimensions, or a level out of range.
    """
    _check_level_count(n)
    grid = np.asarray(levels)
    if grid.ndim != 2 or not np.issubdtype(grid.dtype, np.integer):
        raise ValueError(f"levels must be integers (rows, columns), got {grid.dtype}{grid.shape}")
    if grid.size and np.abs(grid.astype(np.int64)).max() > n // 2:
        raise ValueError(f"levels must lie within ±{n // 2} where there are {n} of them")
    for row, column in np.ndindex(*grid.shape):
        writer.add_entry(int(grid[row, column]) + n // 2, _model(n, *_neighbours(grid, row, column)))


def read_level_map(reader: FrameReader, rows: int, columns: int, n: int) -> NDArray[np.int8]:
    """Decode a level map.

    Args:
        reader: the frame.
        rows: height of the map.
        columns: width of the map.
        n: number of levels, 3, 5, 7 or 9.

    Returns:
        Levels, int8 (rows, columns), in -(n-1)/2 .. (n-1)/2.

    Raises:
        ValueError: another number of levels, or a negative size.
    """
    _check_level_count(n)
    grid = np.zeros((rows, columns), dtype=np.int8)
    for row, column in np.ndindex(*grid.shape):
        grid[row, column] = reader.read_entry(_model(n, *_neighbours(grid, row, column))) - n // 2
    return grid


def _check_level_count(n: int) -> None:
    if n not in LEVEL_COUNTS:
        raise ValueError(f"a level map has {', '.join(map(str, LEVEL_COUNTS))} levels, got {n}")


def _neighbours(grid: IntArray, row: int, column: int) -> Iterator[int | None]:
    """Levels to the left and above; None outside the map."""
    yield int(grid[row, column - 1]) if column else None
    yield int(grid[row - 1, column]) if row else None


@cache
def _model(n: int, left: int | None, up: int | None) -> Model:
    return categorical(level_frequencies(n, left, up))
