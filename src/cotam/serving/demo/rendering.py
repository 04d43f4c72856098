"""One picture as the page shows it: its stream, what that decodes to, JPEG in as many bytes, and importance."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cotam.serving.pictures import data_url, decode, encoded, inspect

WHERE: Final = "body"
OVERLAY_SIDE: Final = 192
"""Pixels of the overlay's longer side; the browser stretches it."""
TAILS: Final = (2.0, 98.0)
"""Percentiles of importance that the ends of the colours stand for."""
MOST_OPAQUE: Final = 200


@dataclass(frozen=True)
class Wish:
    """What the page's controls are set to."""

    quality: float = 40.0
    """1 to 100."""
    guidance: str = "uniform"
    """One of those that the server offers."""
    strength: float = 10.0
    """Quality from one level to the next."""
    max_bytes: int | None = None
    """Size not to exceed, instead of the quality."""


def render(data: bytes, wish: Wish, pixels: int) -> dict[str, Any]:
    """Encode a picture and show what becomes of it.

    Args:
        data: a picture's file.
        wish: the controls.
        pixels: most that the picture may have.

    Raises:
        ApiError: 400 for what is no picture, or a damaged or too large one.
        ValueError: an option out of range.
    """
    from cotam.codec.loading import default_codec
    from cotam.metrics import psnr
    from cotam.serving.pictures import too_large

    picture = inspect(data, WHERE)
    if picture.width * picture.height > pixels:
        raise too_large(f"has {picture.width} x {picture.height} pixels; the limit is {pixels} in all", WHERE)
    image = decode(picture)
    original, codec = np.asarray(image), default_codec()
    level_map, importance = _guided(wish, original)
    stream = codec.encode(image, wish.quality, target_bytes=wish.max_bytes, level_map=level_map)
    decoded = codec.decode(stream).convert("RGB")
    return {
        "width": image.width,
        "height": image.height,
        "original": {"bytes": len(data), "format": picture.format},
        "cotam": {
            "bytes": len(stream),
            "quality": codec.decode_latents(stream).quality,
            "psnr": _finite(psnr(original, np.asarray(decoded))),
            "stream": data_url(stream, "x-cotam"),
            "picture": data_url(encoded(decoded, "WEBP", lossless=True, method=0), "webp"),
        },
        "jpeg": _jpeg(original, len(stream)),
        "importance": importance,
    }


def _guided(wish: Wish, pixels: NDArray[np.uint8]) -> tuple[Any, str | None]:
    """The level map, and importance as a picture to lay over; None and None where all cells are equal."""
    from cotam.codec.guiding import Guide

    separator = "," if ":" in wish.guidance else ":"
    guide = Guide.parse(f"{wish.guidance}{separator}strength={wish.strength:g}")
    if guide.is_uniform:
        return None, None
    values = guide.source.importance(pixels)
    level_map = guide.with_levels(guide.options.levels(values, *pixels.shape[:2]))
    return level_map, data_url(encoded(_overlay(values, pixels.shape[1], pixels.shape[0]), "PNG"), "png")


def _overlay(importance: NDArray[np.float32], width: int, height: int) -> Image.Image:
    """Importance in colours, the more opaque the more important."""
    from cotam.guidance.drawing import ramp_colours

    low, high = np.percentile(importance, TAILS)
    shares = (importance - low) / (high - low) if high > low else np.full(importance.shape, 0.5)
    scale = OVERLAY_SIDE / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    smooth = Image.fromarray(shares.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    heat = np.clip(np.asarray(smooth), 0, 1)
    alpha = np.rint(heat * MOST_OPAQUE).astype(np.uint8)[..., None]
    return Image.fromarray(np.concatenate([ramp_colours(heat), alpha], axis=-1), "RGBA")


def _jpeg(pixels: NDArray[np.uint8], limit: int) -> dict[str, Any]:
    from cotam.evaluation.compare import largest_within
    from cotam.evaluation.rivals.jpeg import jpeg
    from cotam.metrics import psnr

    rival = jpeg()
    quality, data = largest_within(rival.encoder(pixels), limit)
    return {
        "bytes": len(data),
        "quality": quality,
        "fits": len(data) <= limit,
        "psnr": _finite(psnr(pixels, rival.decode(data))),
        "picture": data_url(data, "jpeg"),
    }


def _finite(value: float) -> float | None:
    return round(float(value), 2) if np.isfinite(value) else None
