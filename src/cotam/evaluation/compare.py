"""One picture coded by cotam and by JPEG, WebP and AVIF, all within the same number of bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cotam.codec import Codec
from cotam.errors import CotamError
from cotam.evaluation.rivals import Coded, Pixels, Rival, load_rivals
from cotam.images import LoadedImage
from cotam.metrics import ms_ssim, psnr

RIVALS = ("jpeg", "webp", "avif")
LABELS = {"jpeg": "JPEG", "webp": "WebP", "avif": "AVIF"}
LOWEST, HIGHEST = 0, 100
"""Pillow's scale of quality; the search covers all of it."""
DETAIL_SIDE = 128
"""Side of the enlarged detail in pixels, where the picture is large enough."""


@dataclass(frozen=True, eq=False)
class Rendition:
    """The picture as one codec gives it back."""

    codec: str
    """Name, for people."""
    quality: float
    """Quality on this codec's own scale."""
    data: bytes
    """The coded file."""
    pixels: Pixels
    """What it decodes to."""
    bpp: float
    """8 · bytes / pixels."""
    psnr: float
    """RGB PSNR in dB; infinite for an exact copy."""
    ms_ssim: float
    """RGB MS-SSIM, 0..1."""
    fits: bool
    """Whether it is within the bytes that cotam took; where not, it is the smallest that the codec can make."""

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain values, ready for JSON but for an infinite PSNR."""
        names = ("codec", "quality", "bpp", "psnr", "ms_ssim", "fits")
        return {**{name: getattr(self, name) for name in names}, "bytes": len(self.data)}


@dataclass(frozen=True, eq=False)
class Comparison:
    """A picture and its renditions, cotam's first."""

    title: str
    """Name of the picture."""
    original: Pixels
    """The picture itself."""
    renditions: list[Rendition]
    """cotam, then the rivals that could code the picture."""
    missing: dict[str, str]
    """Why the others could not, by codec."""

    @property
    def cotam(self) -> Rendition:
        """The rendition whose size is everybody's limit."""
        return self.renditions[0]

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain values."""
        height, width = self.original.shape[:2]
        results = [rendition.to_dict() for rendition in self.renditions]
        return {
            "picture": self.title,
            "width": width,
            "height": height,
            "codecs": results,
            "missing": self.missing,
        }


def compare_picture(
    codec: Codec,
    picture: LoadedImage,
    title: str,
    *,
    quality: float = 40,
    target_bytes: int | None = None,
    on_start: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Code a picture with cotam, and with every rival at its best quality within as many bytes.

    Args:
        codec: the codec.
        picture: the picture.
        title: its name.
        quality: cotam's quality, 1 to 100.
        target_bytes: cotam's size, instead of ``quality``.
        on_start: called with each codec's name before its work.

    Raises:
        ValueError: ``quality`` out of range, or ``target_bytes`` too few.
    """
    on_start("cotam")
    pixels = picture.pixels
    data = codec.encode(pixels[..., :1] if picture.grey else pixels, quality, target_bytes=target_bytes)
    stated = codec.decode_latents(data).quality
    decoded = np.asarray(codec.decode(data).convert("RGB"))
    renditions = [_rendition("cotam", stated, data, pixels, decoded, fits=True)]
    missing: dict[str, str] = {}
    for name in RIVALS:
        on_start(LABELS[name])
        try:
            renditions.append(_best_within(load_rivals([name])[0], pixels, len(data)))
        except (CotamError, OSError, ValueError) as error:  # not in this build of Pillow, or sides too long
            missing[LABELS[name]] = str(error)
    return Comparison(title, pixels, renditions, missing)


def largest_within(encode: Callable[[float], Coded], limit: int) -> tuple[int, bytes]:
    """Find by bisection the highest quality whose file has at most ``limit`` bytes.

    Returns:
        The quality and its file; the lowest quality, too large, where none is small enough.
    """
    best = (LOWEST, encode(LOWEST).data)
    low, high = LOWEST, HIGHEST + 1  # low fits, or nothing does; high does not
    while len(best[1]) <= limit and high - low > 1:
        middle = (low + high) // 2
        data = encode(middle).data
        if len(data) <= limit:
            low, best = middle, (middle, data)
        else:
            high = middle
    return best


def _best_within(rival: Rival, pixels: Pixels, limit: int) -> Rendition:
    quality, data = largest_within(rival.encoder(pixels), limit)
    return _rendition(LABELS[rival.name], quality, data, pixels, rival.decode(data), fits=len(data) <= limit)


def _rendition(
    codec: str, quality: float, data: bytes, original: Pixels, pixels: Pixels, *, fits: bool
) -> Rendition:
    bpp = 8 * len(data) / (original.shape[0] * original.shape[1])
    return Rendition(
        codec, quality, data, pixels, bpp, psnr(original, pixels), ms_ssim(original, pixels), fits
    )


def detail_box(pixels: Pixels, side: int = DETAIL_SIDE) -> tuple[int, int, int, int]:
    """Find the square with the most detail: the largest sum of absolute differences of neighbours.

    Args:
        pixels: the picture.
        side: wanted side of the square; a smaller picture gives a smaller one.

    Returns:
        Left, top, right and bottom, as Pillow's ``crop`` takes them.
    """
    side = min(side, *pixels.shape[:2])
    luma = pixels.astype(np.int64).sum(axis=2)
    detail = np.zeros_like(luma)
    detail[:, 1:] += np.abs(np.diff(luma, axis=1))
    detail[1:] += np.abs(np.diff(luma, axis=0))
    sums = _window_sums(detail, side)
    top, left = (int(place) for place in np.unravel_index(np.argmax(sums), sums.shape))
    return left, top, left + side, top + side


def _window_sums(values: NDArray[np.int64], side: int) -> NDArray[np.int64]:
    total = np.pad(values, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    return total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
