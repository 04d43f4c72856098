"""The one interface of everything that can say where in a picture the bits should go."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Guidance(Protocol):
    """A source of importance: a vision tower's attention, a user's boxes or map, a saliency measure, a control."""

    @property
    def name(self) -> str:
        """How reports name it, such as ``clip:layers=0-2``."""

    def importance(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Say how important each part of a picture is.

        Args:
            pixels: RGB, uint8 (height, width, 3).

        Returns:
            float32 (rows, columns) on a grid of the source's choice, laid over the whole picture: finite,
            larger is more important. The unit is free, since levels look at mean and standard deviation only.
        """
