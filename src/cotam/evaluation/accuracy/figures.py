"""The figures of a measurement: every method at every rate, and how methods compare."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Final

import numpy as np

from cotam.evaluation.accuracy.plan import EQUAL_BYTES, Rate
from cotam.evaluation.accuracy.run import Measured
from cotam.evaluation.accuracy.tables import OVERALL, Resampled, Table, bounds, rights
from cotam.levelvqa import LEVELS
from cotam.metrics import bd_accuracy, bd_interval

EXCESS: Final = 1.05
"""So many times the anchor's bytes still count as equal."""


@dataclass(frozen=True, eq=False)
class Point:
    """A method at a rate."""

    method: str
    rate: Rate
    bpp: float
    """Mean over scenes."""
    drawn_bpp: Table
    """The same in each resample."""
    accuracy: dict[str, float]
    """Percent right by group: ``overall``, levels, families."""
    drawn_accuracy: dict[str, Table]


@dataclass(frozen=True)
class Figures:
    """All points, by method in the order of the plan, rising in rate."""

    resampled: Resampled
    curves: dict[str, list[Point]]


def figures(measured: Measured) -> Figures:
    """Work out all points."""
    resampled = Resampled.of(measured.questions)
    curves: dict[str, list[Point]] = {method.name: [] for method in measured.methods}
    for (name, rate), entries in measured.entries.items():
        right = rights(measured.questions, entries)
        sizes = np.array([8 * entry.bytes for entry in entries]) / measured.plan.size**2
        found = {group: resampled.accuracies(right, group) for group in resampled.groups}
        curves[name].append(
            Point(
                method=name,
                rate=rate,
                bpp=float(sizes.mean()),
                drawn_bpp=resampled.means(sizes),
                accuracy={group: value for group, (value, _) in found.items()},
                drawn_accuracy={group: drawn for group, (_, drawn) in found.items()},
            )
        )
    return Figures(resampled, curves)


def accuracy_row(point: Point, resampled: Resampled, group: str) -> dict[str, Any]:
    """Accuracy of a group at a point, with its interval."""
    low, high = bounds(point.drawn_accuracy[group])
    questions = int(resampled.asked[:, list(resampled.groups[group])].sum())
    right = round(point.accuracy[group] * questions / 100)
    return {
        "questions": questions,
        "right": right,
        "percent": point.accuracy[group],
        "low": low,
        "high": high,
    }


def bd_rows(found: Figures, anchor: str) -> Iterator[dict[str, Any]]:
    """BD-rate of every other method against the anchor, overall and by level, with intervals."""
    for method, points in found.curves.items():
        if method == anchor:
            continue
        for group in (OVERALL, *(level for level in LEVELS if level in found.resampled.groups)):
            yield {"method": method, "anchor": anchor, "group": group} | _bd_row(
                found.curves[anchor], points, group
            )


def _bd_row(anchor: Sequence[Point], tested: Sequence[Point], group: str) -> dict[str, Any]:
    result = bd_accuracy(_curve(anchor, group), _curve(tested, group))
    if result is None:
        return {"percent": None, "problem": _problem(anchor, tested, group)}
    asked = np.flatnonzero(~np.isnan(anchor[0].drawn_accuracy[group])).tolist()
    spread = bd_interval((_drawn_curve(anchor, group, n), _drawn_curve(tested, group, n)) for n in asked)
    return {
        "percent": result.percent,
        "interval": None if spread.low is None else [spread.low, spread.high],
        "resamples_defined": spread.defined,
        "overlap": [result.low, result.high],
    }


def _curve(points: Sequence[Point], group: str) -> tuple[list[float], list[float]]:
    return [point.bpp for point in points], [point.accuracy[group] for point in points]


def _drawn_curve(points: Sequence[Point], group: str, number: int) -> tuple[list[float], list[float]]:
    """The curve of a resample that asks any question of the group."""
    shares = [float(point.drawn_accuracy[group][number]) for point in points]
    return [float(point.drawn_bpp[number]) for point in points], shares


def _problem(anchor: Sequence[Point], tested: Sequence[Point], group: str) -> str:
    """Why two curves cannot be compared, in words."""
    spans = [
        f"{min(values):.1f} to {max(values):.1f} %"
        for values in (_curve(anchor, group)[1], _curve(tested, group)[1])
    ]
    if min(len(anchor), len(tested)) == 1:
        return "one of them has one rate only"
    return f"no accuracy that both reach, or none that rises with the rate: {spans[0]} and {spans[1]}"


def difference_rows(found: Figures, anchor: str) -> Iterator[dict[str, Any]]:
    """Gain in accuracy of every other method over the anchor at the same rate, paired scene by scene.

    A method whose pictures do not get as small as the anchor's is not compared there.
    """
    base = {point.rate: point for point in found.curves[anchor]}
    for method, points in found.curves.items():
        for point in points if method != anchor else ():
            if point.rate not in base:
                continue
            other = base[point.rate]
            if point.rate.kind in EQUAL_BYTES and point.bpp > EXCESS * other.bpp:
                continue
            gains = {
                group: _gain(point, other, group)
                for group in (OVERALL, *LEVELS)
                if group in found.resampled.groups
            }
            yield {"method": method, "anchor": anchor, "rate": point.rate.label, **gains}


def _gain(point: Point, other: Point, group: str) -> dict[str, float]:
    low, high = bounds(point.drawn_accuracy[group] - other.drawn_accuracy[group])
    return {"points": point.accuracy[group] - other.accuracy[group], "low": low, "high": high}


def similarity_means(rows: Sequence[list[float] | None]) -> list[float] | None:
    """Mean over scenes of the similarity of each layer; None where it was not measured."""
    known = [row for row in rows if row is not None]
    return [fmean(column) for column in zip(*known, strict=True)] if known else None
