"""Coding of the cell modes of a predicted frame: what of the frame before each latent cell takes over.

Modes come in blobs, and how many cells of a frame stand still differs from clip to clip. So the counts start with
what the neighbours say, and each cell that is coded adds to them. All of it is integer arithmetic on the constants
below, which are part of the format. A frame that takes over everything is all first entries: its payload is empty.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cotam.entropy_coding.ans import FrameReader, FrameWriter
from cotam.entropy_coding.categorical import TOTAL, Model, categorical

START: Final = 1
LIKE_NEIGHBOUR: Final = 5
"""What a mode's count starts with, and what each neighbour that has it adds."""
SEEN: Final = 8
"""What each coded cell adds to the count of its mode."""


class AdaptiveModes:
    """Counts of modes by the modes of the cells to the left and above.

    Args:
        modes: number of modes.
    """

    def __init__(self, modes: int) -> None:
        same = np.eye(modes, dtype=np.int64)
        self.counts = START + LIKE_NEIGHBOUR * (same[:, None] + same[None, :])

    def model(self, left: int, up: int) -> Model:
        """The model of a cell between these neighbours; cells outside the picture count as mode 0."""
        counts = self.counts[left, up]
        frequencies = 1 + counts * (TOTAL - len(counts)) // int(counts.sum())
        frequencies[int(counts.argmax())] += TOTAL - int(frequencies.sum())
        return categorical(frequencies)

    def count(self, left: int, up: int, mode: int) -> None:
        """Learn from a coded cell."""
        self.counts[left, up, mode] += SEEN


def write_cell_modes(writer: FrameWriter, modes: ArrayLike, count: int) -> None:
    """Add the mode of every cell to a frame, row by row.

    Args:
        writer: the frame.
        modes: integers (rows, columns), 0 .. ``count`` - 1.
        count: number of modes, at least 2.

    Raises:
        ValueError: a mode out of range.
    """
    grid = np.asarray(modes)
    if grid.ndim != 2 or (grid.size and not 0 <= grid.min() <= grid.max() < count):
        raise ValueError(f"modes must be (rows, columns) from 0 to {count - 1}")
    adaptive = AdaptiveModes(count)
    for row, column in np.ndindex(*grid.shape):
        neighbours = _neighbours(grid, row, column)
        mode = int(grid[row, column])
        writer.add_entry(mode, adaptive.model(*neighbours))
        adaptive.count(*neighbours, mode)


def read_cell_modes(reader: FrameReader, rows: int, columns: int, count: int) -> NDArray[np.int8]:
    """Decode the mode of every cell, int8 (rows, columns); arguments as in `write_cell_modes`."""
    grid = np.zeros((rows, columns), dtype=np.int8)
    adaptive = AdaptiveModes(count)
    for row, column in np.ndindex(rows, columns):
        neighbours = _neighbours(grid, row, column)
        mode = reader.read_entry(adaptive.model(*neighbours))
        grid[row, column] = mode
        adaptive.count(*neighbours, mode)
    return grid


def _neighbours(grid: NDArray[np.int8], row: int, column: int) -> tuple[int, int]:
    left = int(grid[row, column - 1]) if column else 0
    return left, int(grid[row - 1, column]) if row else 0
