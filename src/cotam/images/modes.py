"""Every Pillow mode becomes 8-bit RGB, with transparency composited on white."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from cotam.images.arrays import sixteen_to_eight

GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "F"})
"""Modes without colour, beside the I;16 family."""

_SIXTEEN_BIT_FORMATS = frozenset({"PNG", "PPM"})  # their mode I always spans 0..65535


def is_grey(image: Image.Image) -> bool:
    """Return whether the image's mode has no colour."""
    return image.mode in GREY_MODES or image.mode.startswith("I;16")


def to_rgb(image: Image.Image) -> Image.Image:
    """Convert an image of any mode to mode RGB.

    16-bit values are scaled, not clipped. Modes I and F have no range of their own: values within 0..1 (F
    only), 0..255 or 0..65535 are taken to span the smallest of these ranges that holds them, others are
    stretched from their minimum to their maximum; what is not finite becomes black.
    """
    if image.mode.startswith("I;16"):
        return _from_sixteen_bits(image)
    if image.mode in ("I", "F"):
        values = np.asarray(image).astype(np.float64)
        return Image.fromarray(_scaled(values, image.mode, image.format)).convert("RGB")
    if image.mode == "LAB":
        return _from_lab(image)
    if image.mode in ("La", "RGBa"):
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    if image.has_transparency_data:
        return _on_white(image.convert("RGBA"))
    return image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image).convert("RGB")


def _from_sixteen_bits(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    grey = sixteen_to_eight(values)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        grey[values == transparent] = 255
    return Image.fromarray(grey).convert("RGB")


def _scaled(values: NDArray[Any], mode: str, image_format: str | None) -> NDArray[np.uint8]:
    finite = np.isfinite(values)
    values = np.where(finite, values, values[finite].min() if finite.any() else 0.0)
    low, high = float(values.min()), float(values.max())
    tops = [1.0, 255.0, 65535.0] if mode == "F" else [255.0, 65535.0]
    if mode == "I" and image_format in _SIXTEEN_BIT_FORMATS:
        tops = [65535.0]
    fitting = [top for top in tops if low >= 0 and high <= top]
    low, high = (0.0, fitting[0]) if fitting else (low, max(high, low + 1))
    scaled = np.rint((values - low) * (255 / (high - low)))
    return np.where(finite, scaled, 0).astype(np.uint8)


def _from_lab(image: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    assert converted is not None  # only None when converting in place
    return converted
