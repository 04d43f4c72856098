"""The report of ``cotam bench rate``: from measured points to curves and differences."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cotam.evaluation.curves import MAX_RATE, Curve, Difference, differences, mean_curves
from cotam.evaluation.rate import Point, Unreadable, measure, readable_pictures
from cotam.evaluation.regularity import DECADES, excesses, falls
from cotam.evaluation.rivals import Rival

SIGNIFICANT = 6
"""Digits of the numbers in a report."""


def measure_all(
    folder: Path, rivals: Sequence[Rival], qualities: Sequence[float] | None, advance: Callable[[int], None]
) -> tuple[list[Point], list[Unreadable]]:
    """Measure every picture of a folder with every rival.

    Args:
        folder: where the pictures are.
        rivals: codecs.
        qualities: one grid for all of them; None takes each codec's own.
        advance: told how many points have been dealt with since the last call.

    Raises:
        ImageError: there is no such folder, or no picture in it that can be read.
    """
    points: list[Point] = []
    unreadable: list[Unreadable] = []
    for picture in readable_pictures(folder):
        if isinstance(picture, Unreadable):
            unreadable.append(picture)
            advance(sum(len(qualities or rival.qualities) for rival in rivals))
            continue
        for rival in rivals:
            for point in measure(rival, *picture, qualities or rival.qualities):
                points.append(point)
                advance(1)
    return points, unreadable


def rate_report(
    points: Sequence[Point], unreadable: Sequence[Unreadable], rivals: Sequence[Rival], anchor: str
) -> tuple[dict[str, Any], list[Curve], list[Difference]]:
    """Work out curves and differences.

    Returns:
        What the report says, JSON-ready; the curves; all differences.
    """
    curves = mean_curves(points)
    against = differences(curves)
    report = {
        "anchor": anchor,
        "bd_rate_up_to_bpp": MAX_RATE,
        "pictures": len({point.picture for point in points}),
        "unreadable": [asdict(picture) for picture in unreadable],
        "codecs": [{"codec": rival.name, "settings": rival.settings} for rival in rivals],
        "bd_rates": [_rounded(asdict(difference)) for difference in against],
        "regularity": _regularity(points),
        "curves": [
            _rounded({"codec": curve.codec, **asdict(point)}) for curve in curves for point in curve.points
        ],
        "points": [_rounded(asdict(point)) for point in points],
    }
    return report, curves, against


def _regularity(points: Sequence[Point]) -> dict[str, Any] | None:
    """What holds on every picture, of the one codec that knows its ideal size; None without it."""
    ours = [point for point in points if point.ideal_bits is not None]
    if not ours:
        return None
    over, found = excesses(ours), falls(ours)
    return {
        "monotone": not found,
        "over_qualities": sorted({point.quality for point in ours} & set(DECADES)),
        "falls": [_rounded(asdict(fall)) for fall in found],
        "coded_size_within_bound": all(excess.within for excess in over),
        "largest_excess": _rounded(asdict(over[0])),
    }


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    """Floats with `SIGNIFICANT` digits; what a row does not have is left out."""
    return {
        key: float(f"{value:.{SIGNIFICANT}g}") if isinstance(value, float) else value
        for key, value in row.items()
        if value is not None
    }
