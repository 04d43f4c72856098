"""At what a picture can be asked to be coded: a quality, or bits per pixel that it may not exceed."""

from typing import Final

MOST_BPP: Final = 24.0
"""Bits per pixel of a picture that is not coded at all."""


def check_rate(quality: float | None, bpp: float | None) -> None:
    """Refuse what is no rate.

    Raises:
        ValueError: none or both are given, or one is out of range.
    """
    if (quality is None) == (bpp is None):
        raise ValueError("give a quality or bits per pixel, one of them")
    if quality is not None:
        check_qualities(quality)
    if bpp is not None:
        check_bpps(bpp)


def check_qualities(*qualities: float) -> None:
    """Refuse qualities that are not from 1 to 100.

    Raises:
        ValueError: naming the first that is not.
    """
    for quality in qualities:
        if not 1 <= quality <= 100:
            raise ValueError(f"quality must be from 1 to 100, not {quality:g}")


def check_bpps(*bpps: float) -> None:
    """Refuse bits per pixel that are not above 0 or too many.

    Raises:
        ValueError: naming the first that is not.
    """
    for bpp in bpps:
        if not 0 < bpp <= MOST_BPP:
            raise ValueError(f"bits per pixel must be above 0, at most {MOST_BPP:g}, not {bpp:g}")
