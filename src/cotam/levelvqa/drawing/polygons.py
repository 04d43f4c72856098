"""Polygons with whole-number corners and their antialiased masks."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cotam.levelvqa.drawing.circle import ONE, TURN, cosine, sine

Points = tuple[tuple[int, int], ...]
"""Corners (x, y), y downwards."""

OVERSAMPLING = 4
"""Subpixels of a mask along each side of a pixel."""


def ellipse(x: int, y: int, across: int, down: int, start: int = 0, stop: int = TURN) -> Points:
    """Corners along an ellipse or an arc of it, clockwise from the right (anticlockwise if stop < start).

    Args:
        x: middle.
        y: middle.
        across: half width.
        down: half height.
        start: first angle in degrees.
        stop: last angle in degrees.
    """
    step = 6 if stop > start else -6
    angles = [*range(start, stop, step), stop]
    return tuple((x + across * cosine(a) // ONE, y + down * sine(a) // ONE) for a in angles)


def rectangle(x0: int, y0: int, x1: int, y1: int) -> Points:
    """Corners of an upright rectangle."""
    return (x0, y0), (x1, y0), (x1, y1), (x0, y1)


def rotated(points: Points, degrees: int) -> Points:
    """Points turned anticlockwise about (0, 0), `ONE` times as far from it."""
    c, s = cosine(degrees), sine(degrees)
    return tuple((c * x + s * y, c * y - s * x) for x, y in points)


def mask(polygons: Iterable[Points], width: int, height: int) -> Image.Image:
    """Share of each pixel that any polygon covers, "L" of width by height.

    Args:
        polygons: corners in subpixels, `OVERSAMPLING` to a pixel.
        width: columns in pixels.
        height: rows in pixels.
    """
    inside = np.zeros((height * OVERSAMPLING, width * OVERSAMPLING), dtype=np.bool_)
    for points in polygons:
        inside |= _inside(points, *inside.shape)
    return Image.fromarray(inside.view(np.uint8) * np.uint8(255)).reduce(OVERSAMPLING)


def _inside(points: Points, height: int, width: int) -> NDArray[np.bool_]:
    """Which subpixels have their middle inside, by counting the edges to their left."""
    start = np.array(points, dtype=np.int64) * 2
    stop = np.roll(start, -1, axis=0)
    middles = np.arange(height, dtype=np.int64)[None, :] * 2 + 1
    crossed = (start[:, 1:] < middles) != (stop[:, 1:] < middles)
    edge, row = np.nonzero(crossed)
    (x0, y0), (x1, y1) = start[edge].T, stop[edge].T
    column = (x0 + (x1 - x0) * (middles[0, row] - y0) // (y1 - y0) + 1) // 2
    crossings = np.zeros((height, width + 1), dtype=np.uint8)
    np.add.at(crossings, (row, np.clip(column, 0, width)), 1)
    return np.bitwise_and(np.add.accumulate(crossings[:, :width], axis=1, dtype=np.uint8), 1).view(np.bool_)
