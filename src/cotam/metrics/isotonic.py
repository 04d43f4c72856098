"""The nearest curve that never falls."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def pooled(x: Sequence[float], y: Sequence[float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Make a measured curve rise strictly, by isotonic regression: pool adjacent violators.

    Neighbours that fall, or stay equal, become one point at the means of their x and of their y, until none do. The y
    are the least-squares fit among all that never fall (Ayer et al., 1955); points of one y are one point, so that x
    is a function of y as well.

    Args:
        x: rising strictly.
        y: as many values.

    Returns:
        The pooled points, at most as many, both coordinates rising strictly.
    """
    blocks: list[tuple[float, float, int]] = []  # mean x, mean y, points
    for point in zip(x, y, strict=True):
        blocks.append((*point, 1))
        while len(blocks) > 1 and blocks[-2][1] >= blocks[-1][1]:
            (x1, y1, n1), (x2, y2, n2) = blocks[-2:]
            count = n1 + n2
            blocks[-2:] = [((n1 * x1 + n2 * x2) / count, (n1 * y1 + n2 * y2) / count, count)]
    return np.array([block[0] for block in blocks]), np.array([block[1] for block in blocks])
