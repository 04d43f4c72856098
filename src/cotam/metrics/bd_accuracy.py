"""Bjøntegaard delta rate where the quality is the accuracy of answers: measured, so noisy and not always rising."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cotam.metrics.bd_rate import LEAST_POINTS, BDRate, bd_rate
from cotam.metrics.isotonic import pooled

INTERVAL = (2.5, 97.5)
"""Percentiles of the resampled figures that bound the interval."""
LEAST_DEFINED = 0.95
"""Share of the resampled pairs of curves that must be comparable for an interval to be given."""

Points = tuple[Sequence[float], Sequence[float]]
"""Rates and accuracies of a curve's points."""


@dataclass(frozen=True)
class BDInterval:
    """What resampling says about a BD-rate."""

    low: float | None
    """Percent; None where too few resampled pairs of curves could be compared."""
    high: float | None
    defined: float
    """Share of them that could."""


def bd_accuracy(anchor: Points, tested: Points) -> BDRate | None:
    """Compare two rate–accuracy curves: the mean difference of log rate at equal accuracy.

    Each curve is first made to rise: points of one rate become one with their mean accuracy, then `pooled` on log
    rate merges what falls or stays flat. What is left is interpolated with PCHIP, log rate over accuracy, and
    integrated over the accuracies that both curves cover, as in `bd_rate`; nothing is extrapolated.

    Args:
        anchor: what is compared with.
        tested: what is compared.

    Returns:
        The percentage, negative where the tested curve needs less rate, and the overlap; None where there is no
        overlap, or a curve is flat, so that no figure would mean anything.

    Raises:
        ValueError: a curve is empty, lengths differ, or a rate or an accuracy is not finite, or a rate not above 0.
        ImportError: SciPy is not installed.
    """
    a, b = rising(*anchor), rising(*tested)
    if min(len(a[0]), len(b[0])) < LEAST_POINTS:
        return None
    if max(a[1][0], b[1][0]) >= min(a[1][-1], b[1][-1]):
        return None
    return bd_rate(a[0].tolist(), a[1].tolist(), b[0].tolist(), b[1].tolist())


def bd_interval(pairs: Iterable[tuple[Points, Points]]) -> BDInterval:
    """Bound a BD-rate by those of resampled pairs of curves.

    Args:
        pairs: anchor and tested curve, both measured on the same resampled pictures; at least one.
    """
    found = [bd_accuracy(anchor, tested) for anchor, tested in pairs]
    percents = [result.percent for result in found if result is not None]
    defined = len(percents) / len(found)
    if defined < LEAST_DEFINED:
        return BDInterval(None, None, defined)
    low, high = (float(bound) for bound in np.percentile(percents, INTERVAL))
    return BDInterval(low, high, defined)


def rising(
    rates: Sequence[float], accuracies: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Make a curve rise strictly in both coordinates, as `bd_accuracy` does; rates and accuracies."""
    rate, accuracy = np.asarray(rates, np.float64), np.asarray(accuracies, np.float64)
    if rate.ndim != 1 or rate.shape != accuracy.shape or not rate.size:
        raise ValueError(f"a curve needs as many rates as accuracies, not {rate.shape} and {accuracy.shape}")
    if not (np.isfinite(rate).all() and np.isfinite(accuracy).all() and (rate > 0).all()):
        raise ValueError("a curve needs finite accuracies and finite rates above 0")
    distinct, places = np.unique(rate, return_inverse=True)
    means = np.bincount(places, accuracy) / np.bincount(places)
    logs, risen = pooled(np.log(distinct).tolist(), means.tolist())
    return np.exp(logs), risen
