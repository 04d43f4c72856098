"""How time grows with pixels."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from cotam.evaluation.speed.rounds import rounded
from cotam.evaluation.speed.timed_codec import WHOLE

FEWEST_SIZES = 3
"""A line through fewer says nothing."""


def growth(timings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Fit time = a · pixels^exponent to each codec, way and number of threads, least squares of logarithms.

    Args:
        timings: as in the report; those of `FEWEST_SIZES` sizes or more are fitted.
    """
    series: dict[tuple[str, str, str, int], list[tuple[int, float]]] = {}
    for row in timings:
        if row["stage"] == WHOLE:
            key = row["codec"], row["runtime"], row["way"], row["threads"]
            series.setdefault(key, []).append((row["width"] * row["height"], row["milliseconds"]))
    return [
        {"codec": codec, "runtime": runtime, "way": way, "threads": threads, "exponent": _exponent(points)}
        for (codec, runtime, way, threads), points in series.items()
        if len(points) >= FEWEST_SIZES
    ]


def _exponent(points: list[tuple[int, float]]) -> float:
    pixels, times = np.log(np.array(points)).T
    return rounded(float(np.polyfit(pixels, times, 1)[0]))
