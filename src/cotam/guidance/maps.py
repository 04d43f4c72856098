"""Arithmetic on importance maps: grids of different sizes over one picture, and a common scale."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

CONSTANT = 1e-6
"""A map whose standard deviation is less than this share of its largest magnitude is constant: float32 noise."""


def edges(cells: int, start: float = 0.0, stop: float = 1.0) -> FloatArray:
    """Borders of `cells` equal cells between `start` and `stop`, float64 (cells + 1,)."""
    return np.linspace(start, stop, cells + 1)


def overlaps(targets: FloatArray, sources: FloatArray) -> FloatArray:
    """Lengths that the intervals of two axes have in common.

    Args:
        targets: ascending borders of n intervals, (n + 1,).
        sources: ascending borders of m intervals, (m + 1,), in the same unit.

    Returns:
        float64 (n, m); 0 where two intervals do not meet.
    """
    low = np.maximum(targets[:-1, None], sources[None, :-1])
    high = np.minimum(targets[1:, None], sources[None, 1:])
    return np.clip(high - low, 0, None)


def area_average(values: NDArray[Any], rows: int, columns: int) -> FloatArray:
    """Lay a map on another grid over the same picture.

    Each new cell is the mean of what lies under it, weighted by area, so grids need not divide each other;
    where the new grid is finer, a cell inside an old one takes its value.

    Args:
        values: (have_rows, have_columns).
        rows: rows of the new grid.
        columns: columns of the new grid.

    Returns:
        float64 (rows, columns).
    """
    vertical, horizontal = (
        count * overlaps(edges(count), edges(have))
        for count, have in zip((rows, columns), values.shape, strict=True)
    )
    return vertical @ values.astype(np.float64) @ horizontal.T


def standardised(values: NDArray[Any]) -> FloatArray:
    """Shift and scale a map to mean 0 and standard deviation 1; a constant map becomes all zeros."""
    wide = values.astype(np.float64)
    deviation = wide.std()
    if deviation <= CONSTANT * np.abs(wide).max():
        return np.zeros_like(wide)
    return (wide - wide.mean()) / deviation
