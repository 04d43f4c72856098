"""Sines in whole numbers, the same on every machine."""

import math

import numpy as np
from numpy.typing import NDArray

ONE = 1024
"""What stands for 1 in `SINES`."""
TURN = 360
"""Entries of `SINES`: one to a degree."""

SINES: NDArray[np.int32] = np.array([round(ONE * math.sin(math.radians(d))) for d in range(TURN)], np.int32)
"""``ONE`` times the sine of each whole degree."""


def sine(degrees: int) -> int:
    """`ONE` times the sine of a whole number of degrees."""
    return int(SINES[degrees % TURN])


def cosine(degrees: int) -> int:
    """`ONE` times the cosine of a whole number of degrees."""
    return sine(degrees + TURN // 4)
