"""Coding a picture into a number of bytes, whatever the codec offers for that."""

from collections.abc import Callable
from dataclasses import dataclass

from cotam.evaluation.compare import largest_within
from cotam.evaluation.rivals.cotam_s import CotamRival
from cotam.evaluation.rivals.rival import Pixels, Rival

LOWEST = 1.0
"""cotam's lowest quality, for pictures that do not get small enough."""


@dataclass(frozen=True)
class Fitted:
    """A picture coded to a size."""

    data: bytes
    """The whole file."""
    fits: bool
    """Whether it is within the limit; where not, it is the smallest that the codec can make."""


def fitting(codec: Rival, pixels: Pixels) -> Callable[[int], Fitted]:
    """Prepare a picture; the result codes it in so many bytes at most.

    cotam is told the bytes; the qualities of other codecs are bisected, which finds the highest that fits.
    """
    fit = _told(codec, pixels) if isinstance(codec, CotamRival) else _bisected(codec, pixels)

    def within(limit: int) -> Fitted:
        data = fit(limit)
        return Fitted(data, len(data) <= limit)

    return within


def _told(rival: CotamRival, pixels: Pixels) -> Callable[[int], bytes]:
    analysis = rival.codec.analyse(pixels)
    level_map = None if rival.guide is None else rival.guide.level_map(pixels)
    smallest = rival.codec.encode_analysis(analysis, LOWEST, level_map).data

    def fit(limit: int) -> bytes:
        if len(smallest) >= limit:
            return smallest
        return rival.codec.encode_to_size(analysis, limit, level_map).data

    return fit


def _bisected(codec: Rival, pixels: Pixels) -> Callable[[int], bytes]:
    encode = codec.encoder(pixels)
    return lambda limit: largest_within(encode, limit)[1]
