"""``cotam bench rate``: bytes and distortion of every picture at every quality."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cotam.errors import ImageError
from cotam.evaluation.rivals import Pixels, Rival
from cotam.images import find_images, load_image
from cotam.metrics import ms_ssim, psnr

CEILING_DB = 100.0
"""What an exact copy counts as in dB, so that means stay finite."""


@dataclass(frozen=True)
class Point:
    """One picture coded by one codec at one quality."""

    codec: str
    picture: str
    """The picture's path below the folder."""
    quality: float
    bytes: int
    """Size of the whole file."""
    bpp: float
    """8 · bytes / pixels."""
    psnr: float
    """RGB PSNR in dB."""
    ms_ssim: float
    """RGB MS-SSIM, 0..1."""
    ideal_bits: float | None = None
    """Bits that the codec's entropy model itself asks for, where it tells."""


@dataclass(frozen=True)
class Unreadable:
    """A file that could not be measured, and why."""

    picture: str
    reason: str


def pictures_of(folder: Path) -> list[Path]:
    """The picture files of a folder.

    Raises:
        ImageError: there is no such folder, or no picture in it.
    """
    paths = find_images(folder)
    if not paths:
        raise ImageError(f"{folder}: holds no pictures")
    return paths


def readable_pictures(folder: Path) -> Iterator[tuple[str, Pixels] | Unreadable]:
    """Read a folder's pictures one after another, by their names below it.

    Raises:
        ImageError: there is no such folder, or no picture in it.
    """
    for path in pictures_of(folder):
        name = path.relative_to(folder).as_posix()
        try:
            yield name, load_image(path).pixels
        except ImageError as error:
            yield Unreadable(name, str(error))


def measure(rival: Rival, name: str, pixels: Pixels, qualities: Sequence[float]) -> Iterator[Point]:
    """Code a picture at each quality, decode the file, and compare."""
    encode = rival.encoder(pixels)
    for quality in qualities:
        coded = encode(quality)
        decoded = rival.decode(coded.data)
        yield Point(
            codec=rival.name,
            picture=name,
            quality=quality,
            bytes=len(coded.data),
            bpp=8 * len(coded.data) / (pixels.shape[0] * pixels.shape[1]),
            psnr=min(psnr(pixels, decoded), CEILING_DB),
            ms_ssim=ms_ssim(pixels, decoded),
            ideal_bits=coded.ideal_bits,
        )


def similarity_db(value: float) -> float:
    """MS-SSIM in dB: -10 log10(1 - value)."""
    return min(-10 * math.log10(max(1 - value, 1e-300)), CEILING_DB)
