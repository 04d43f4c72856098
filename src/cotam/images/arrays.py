"""Arrays of several shapes and number types become 8-bit RGB pixels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cotam.errors import ImageError

MAX_PIXELS = 2**26
"""Most pixels of a picture; checked before anything is decoded or allocated."""

SIXTEEN_TO_EIGHT = 65535 // 255  # 257: 65535 becomes 255 exactly

_RIGHT = "uint8, uint16, or float in 0..1, of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)"


def check_size(width: int, height: int, name: str) -> None:
    """Raise ImageError unless a picture of `width` x `height` has a pixel and at most `MAX_PIXELS`."""
    if width < 1 or height < 1:
        raise ImageError(f"{name}: has no pixels ({width} x {height})")
    if width * height > MAX_PIXELS:
        raise ImageError(f"{name}: too large, {width} x {height} pixels; the limit is {MAX_PIXELS} in all")


def sixteen_to_eight(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Scale 0..65535 to 0..255, rounding to nearest."""
    return ((values.astype(np.uint32) + SIXTEEN_TO_EIGHT // 2) // SIXTEEN_TO_EIGHT).astype(np.uint8)


def pixels_from_array(array: NDArray[Any]) -> tuple[NDArray[np.uint8], bool]:
    """Turn an array into pixels.

    Args:
        array: uint8, uint16, or float in 0..1; (H, W) or (H, W, 1) is grey, (H, W, 3) RGB, (H, W, 4) RGBA,
            which is composited on white.

    Returns:
        The pixels, uint8 (H, W, 3), never sharing memory with `array`, and whether the picture is grey.

    Raises:
        ValueError: for another type, shape or range.
        ImageError: if the picture is too large.
    """
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or not array.size:
        raise ValueError(f"an array of shape {array.shape} is no picture; right is {_RIGHT}")
    check_size(array.shape[1], array.shape[0], "array")
    samples = _eight_bit(array.reshape(*array.shape[:2], -1))
    if samples.shape[2] == 4:
        samples = _on_white(samples)
    grey = samples.shape[2] == 1
    return np.array(np.broadcast_to(samples, (*samples.shape[:2], 3))), grey


def _eight_bit(array: NDArray[Any]) -> NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.uint16:
        return sixteen_to_eight(array)
    if array.dtype.kind != "f":
        raise ValueError(f"an array of {array.dtype} is no picture; right is {_RIGHT}")
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"a float array must lie in 0..1, this one spans {low:g}..{high:g}; right is {_RIGHT}"
        )
    return np.rint(array.astype(np.float32) * 255).astype(np.uint8)


def _on_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    alpha = rgba[..., 3:].astype(np.uint16)  # all products stay below 2^16
    mixed = rgba[..., :3] * alpha + 255 * (255 - alpha)
    return ((mixed + 127) // 255).astype(np.uint8)
