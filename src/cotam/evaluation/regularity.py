"""Whether quality does what it says on every single picture, and how close coded sizes are to the ideal."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cotam.bitstream.limits import STILL_OVERHEAD_BYTES
from cotam.evaluation.rate import Point

DECADES = (1.0, *map(float, range(10, 101, 10)))
"""Qualities over which bytes and PSNR must rise."""
EXCESS_SHARE, EXCESS_BYTES = 0.01, 8
"""A payload may exceed the entropy model's ideal by this share and this many bytes."""


@dataclass(frozen=True)
class Fall:
    """A place where a higher quality gave fewer bytes or less PSNR."""

    picture: str
    measure: str
    """``bytes`` or ``psnr``."""
    qualities: tuple[float, float]
    values: tuple[float, float]


@dataclass(frozen=True)
class Excess:
    """Coded size of a stream over its ideal."""

    picture: str
    quality: float
    ideal_bytes: float
    payload_bytes: int
    """Without the `STILL_OVERHEAD_BYTES` of the container."""
    excess_bytes: float

    @property
    def within(self) -> bool:
        """Whether it keeps to `EXCESS_SHARE` and `EXCESS_BYTES`."""
        return self.excess_bytes <= EXCESS_SHARE * self.ideal_bytes + EXCESS_BYTES


def falls(points: Iterable[Point], qualities: Sequence[float] = DECADES) -> list[Fall]:
    """Where bytes or PSNR fall from one of the given qualities to the next, picture by picture."""
    rows: dict[str, list[Point]] = defaultdict(list)
    for point in points:
        if point.quality in qualities:
            rows[point.picture].append(point)
    return [
        Fall(picture, measure, (low.quality, high.quality), (getattr(low, measure), getattr(high, measure)))
        for picture, group in rows.items()
        for low, high in pairwise(sorted(group, key=lambda point: point.quality))
        for measure in ("bytes", "psnr")
        if getattr(high, measure) < getattr(low, measure)
    ]


def excesses(points: Iterable[Point]) -> list[Excess]:
    """Coded size over ideal of all points that know their ideal, the largest excess first."""
    found = [
        Excess(point.picture, point.quality, ideal, payload, payload - ideal)
        for point in points
        if point.ideal_bits is not None
        for ideal, payload in [(point.ideal_bits / 8, point.bytes - STILL_OVERHEAD_BYTES)]
    ]
    return sorted(found, key=lambda excess: -excess.excess_bytes)
