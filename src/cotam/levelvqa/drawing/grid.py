"""The plane that a background is drawn on, measured in units that do not depend on the picture's size."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cotam.levelvqa.stream import Stream

Heights = NDArray[np.int32]

FINE = 16
"""Steps of a coordinate in one unit."""
UNITS = 224
"""Units along the side of a standard picture, whatever its size in pixels."""


@dataclass(frozen=True)
class Grid:
    """Coordinates and random fields of a picture.

    Args:
        size: side of the picture in pixels.
        span: pixels that `UNITS` units take.
        stream: where the fields' values come from; each call takes more of it.
    """

    size: int
    span: int
    stream: Stream

    @cached_property
    def along(self) -> Heights:
        """Coordinate of each pixel along one axis, (size,), in 1/`FINE` of a unit."""
        steps = np.arange(self.size, dtype=np.int32) * (FINE * UNITS) // self.span
        return np.asarray(steps, dtype=np.int32)

    def axes(self) -> tuple[Heights, Heights]:
        """Columns (1, size) and rows (size, 1), in 1/`FINE` of a unit, each from a random start."""
        right, down = (FINE * self.stream.below(UNITS) for _ in range(2))
        return self.along[None, :] + np.int32(right), self.along[:, None] + np.int32(down)

    def noise(self, width: int, height: int) -> Heights:
        """Smooth field (size, size), 0 to 255, of random values one to each width by height units."""
        columns, rows = (self._cells(length) for length in (width, height))
        values = Image.fromarray(self.stream.bytes_array((rows, columns)))
        window = (1.0, 1.0, columns - 1.0, rows - 1.0)
        smooth = values.resize((self.size, self.size), Image.Resampling.BICUBIC, box=window)
        return np.asarray(smooth).astype(np.int32)

    def speckle(self) -> Heights:
        """Rough field (size, size), 0 to 255, of grains about one unit wide."""
        return self.noise(1, 1) if self.span > UNITS else self.grains()

    def grains(self) -> Heights:
        """Independent values (size, size), 0 to 255, one to a pixel."""
        return self.stream.bytes_array((self.size, self.size)).astype(np.int32)

    def _cells(self, length: int) -> int:
        return self.size * UNITS // (self.span * length) + 3
