"""Guidance by boxes: what lies inside is important."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cotam.bitstream.limits import MAX_GRID
from cotam.guidance.maps import edges, overlaps

Box = tuple[float, float, float, float]


class RoiGuidance:
    """Regions of interest, as rectangles in pixels.

    A level map of it raises the boxes where they cover up to some 60 % of the picture, and lowers the rest where they
    cover more than some 40 %: both follow from mean ± 0.75·std.
    """

    def __init__(self, boxes: Sequence[Box]) -> None:
        """Take the boxes.

        Args:
            boxes: at least one of x, y, width, height in pixels; x and y are those of the upper left corner.

        Raises:
            ValueError: if there is no box, or one is not four finite numbers with a positive width and height.
        """
        if not boxes:
            raise ValueError("roi must have at least one box x,y,width,height")
        for box in boxes:
            if len(box) != 4 or not all(map(math.isfinite, box)) or min(box[2:]) <= 0:
                raise ValueError(
                    f"roi must be x,y,width,height in pixels with a positive size, not {_text(box)}"
                )
        self.boxes = tuple(boxes)

    @property
    def name(self) -> str:
        """The boxes, as `parse_guidance` reads them."""
        return f"roi:{','.join(map(_text, self.boxes))}"

    def importance(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Guidance.importance`: the share of each cell that a box covers, on a grid of at most 128 x 128.

        Raises:
            ValueError: if a box reaches beyond the picture.
        """
        height, width = pixels.shape[:2]
        row_edges = edges(min(height, MAX_GRID), 0, height)
        column_edges = edges(min(width, MAX_GRID), 0, width)
        cell = height * width / ((len(row_edges) - 1) * (len(column_edges) - 1))
        inside = [_area(box, row_edges, column_edges) for box in self.boxes]
        return (np.max(inside, axis=0) / cell).astype(np.float32)


def _area(box: Box, row_edges: NDArray[np.float64], column_edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Square pixels of each cell that the box covers."""
    x, y, width, height = box
    if x < 0 or y < 0 or x + width > column_edges[-1] or y + height > row_edges[-1]:
        raise ValueError(
            f"roi {_text(box)} reaches beyond the picture of {column_edges[-1]:g} x {row_edges[-1]:g} pixels "
            "(a box is x,y,width,height)"
        )
    rows = overlaps(row_edges, np.array([y, y + height]))
    columns = overlaps(column_edges, np.array([x, x + width]))
    return rows @ columns.T


def _text(box: Sequence[float]) -> str:
    return ",".join(f"{number:g}" for number in box)
