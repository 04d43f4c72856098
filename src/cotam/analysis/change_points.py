"""Where a curve changes: straight pieces, fitted by least squares and placed by dynamic programming."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SHORTEST: Final = 3
"""Points of the shortest piece: a line through two would fit anything."""


def change_points(curves: Array, pieces: int = 3) -> NDArray[np.int64] | None:
    """Cut curves into straight pieces so that the squared residuals, summed over curves, are least.

    Each piece has a line of its own for each curve; lines need not meet. All curves are cut at the same places. The
    minimum is exact: dynamic programming over the last cut.

    Args:
        curves: (..., curves, points); on scales on which their residuals compare.
        pieces: at least one, each of at least `SHORTEST` points.

    Returns:
        First points of the second and later pieces, (..., pieces - 1); None where there are too few points.
    """
    points = curves.shape[-1]
    if points < pieces * SHORTEST:
        return None
    costs = _line_costs(curves)
    best, cuts = costs[0], []
    for _ in range(pieces - 1):
        options = best[:, None] + costs  # (cut, end, ...): everything before the cut, and a line from there
        cuts.append(options.argmin(0))
        best = options.min(0)
    end = np.full(curves.shape[:-2], points)
    found = []
    for cut in reversed(cuts):
        end = np.take_along_axis(cut, end[None], axis=0)[0]
        found.append(end)
    return np.stack(found[::-1], -1)


def _line_costs(curves: Array) -> Array:
    """Squared residuals of one line over points i to j - 1, by i and j, (points + 1, points + 1, ...)."""
    points = curves.shape[-1]
    costs = np.full((points + 1, points + 1, *curves.shape[:-2]), np.inf)
    for start in range(points):
        for end in range(start + SHORTEST, points + 1):
            x = np.arange(end - start) - (end - start - 1) / 2
            y = curves[..., start:end] - curves[..., start:end].mean(-1, keepdims=True)
            residuals = (y**2).sum(-1) - (y @ x) ** 2 / (x @ x)
            costs[start, end] = residuals.clip(0).sum(-1)
    return costs
