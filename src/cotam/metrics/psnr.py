"""Peak signal-to-noise ratio of 8-bit pictures."""

import math

import numpy as np
from numpy.typing import NDArray

PEAK = 255.0


def check_pair(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> None:
    """Raise ValueError unless both are 8-bit pictures of the same size."""
    if a.dtype != np.uint8 or b.dtype != np.uint8:
        raise ValueError(f"pictures must be uint8, got {a.dtype} and {b.dtype}")
    if a.shape != b.shape or a.ndim != 3 or a.shape[2] != 3 or not a.size:
        raise ValueError(f"pictures must both be (H, W, 3) of the same size, got {a.shape} and {b.shape}")


def psnr(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Return 10 log10(255^2 / MSE) in dB, the mean taken over all samples of all channels.

    Args:
        a: a picture, uint8 (H, W, 3).
        b: another one of the same size.

    Returns:
        dB, larger is closer; infinite if the pictures are equal.

    Raises:
        ValueError: if type or shape is another one.
    """
    check_pair(a, b)
    difference = a.astype(np.int32) - b
    squared = int(np.sum(difference * difference, dtype=np.int64))
    return 10 * math.log10(PEAK**2 * a.size / squared) if squared else math.inf
