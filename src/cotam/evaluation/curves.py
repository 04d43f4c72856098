"""Rate–distortion curves of codecs over a set of pictures, and the Bjøntegaard difference between them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations
from statistics import fmean

from cotam.evaluation.rate import Point, similarity_db
from cotam.metrics import bd_rate

MEASURES = ("psnr", "ms_ssim_db")
MAX_RATE = 2.0
"""Bits per pixel up to which curves are compared: beyond, every codec is as good as transparent."""


@dataclass(frozen=True)
class CurvePoint:
    """Means over all pictures at one quality."""

    quality: float
    bpp: float
    psnr: float
    """Mean of the pictures' PSNR, dB."""
    ms_ssim_db: float
    """The pictures' mean MS-SSIM in dB, -10 log10(1 - mean)."""


@dataclass(frozen=True)
class Curve:
    """One codec's points, rising in quality."""

    codec: str
    points: tuple[CurvePoint, ...]


@dataclass(frozen=True)
class Difference:
    """How much rate a codec needs against another one at equal quality."""

    codec: str
    anchor: str
    measure: str
    """``psnr`` or ``ms_ssim_db``."""
    percent: float | None
    """BD-rate; negative is better. None where the curves cannot be compared."""
    low: float | None
    """Lower end, in dB, of what both curves cover."""
    high: float | None
    """Upper end of it."""
    problem: str | None = None
    """Why there is no figure."""


def mean_curves(points: Iterable[Point]) -> list[Curve]:
    """Average over pictures at each codec's qualities; codecs in order of appearance.

    Raises:
        ValueError: a codec's qualities do not hold the same pictures.
    """
    groups: dict[str, dict[float, list[Point]]] = defaultdict(lambda: defaultdict(list))
    for point in points:
        groups[point.codec][point.quality].append(point)
    return [Curve(codec, _averaged(codec, by_quality)) for codec, by_quality in groups.items()]


def _averaged(codec: str, by_quality: dict[float, list[Point]]) -> tuple[CurvePoint, ...]:
    if len({frozenset(point.picture for point in group) for group in by_quality.values()}) > 1:
        raise ValueError(f"codec {codec}: every quality must hold the same pictures")
    return tuple(
        CurvePoint(
            quality,
            fmean(point.bpp for point in group),
            fmean(point.psnr for point in group),
            similarity_db(fmean(point.ms_ssim for point in group)),
        )
        for quality, group in sorted(by_quality.items())
    )


def differences(curves: Sequence[Curve]) -> list[Difference]:
    """BD-rate of every codec against every other one, in each of `MEASURES`."""
    return [
        difference(codec, anchor, measure)
        for anchor, codec in permutations(curves, 2)
        for measure in MEASURES
    ]


def difference(curve: Curve, anchor: Curve, measure: str) -> Difference:
    """BD-rate of a curve against an anchor, from the points of both up to `MAX_RATE`."""
    names = (curve.codec, anchor.codec, measure)
    try:
        result = bd_rate(*_columns(anchor, measure), *_columns(curve, measure))
    except ValueError as error:
        return Difference(*names, None, None, None, str(error))
    return Difference(*names, result.percent, result.low, result.high)


def _columns(curve: Curve, measure: str) -> tuple[list[float], list[float]]:
    points = [point for point in curve.points if point.bpp <= MAX_RATE]
    return [point.bpp for point in points], [getattr(point, measure) for point in points]
