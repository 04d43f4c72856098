"""How much one picture differs from another, at a glance."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

GLANCE: Final = 32
"""Pixels of the side of the small picture that is compared: movement within a scene hardly shows in it."""
CUT: Final = 0.12
"""Change from which on two frames are of different scenes."""


def glance(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Shrink a picture, uint8 (height, width, 3) or (height, width), to float32 (32, 32, 3) in 0..1."""
    small = Image.fromarray(pixels).convert("RGB").resize((GLANCE, GLANCE), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / np.float32(255)


def change(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    """Mean absolute difference of two glances, 0..1."""
    return float(np.abs(before - after).mean())
