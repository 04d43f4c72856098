"""Bjøntegaard delta rate: how many per cent of the bits one codec saves over another at equal quality.

G. Bjøntegaard: Calculation of average PSNR differences between RD-curves, VCEG-M33, 2001; with the piecewise
cubic Hermite interpolation (PCHIP) that JCT-VC and JVET use since, which does not overshoot.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_POINTS = 2

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class BDRate:
    """The mean difference in rate of a curve against its anchor."""

    percent: float
    """Rate of the tested curve relative to the anchor's; negative is better, -50 is half the rate."""
    low: float
    """Lower end of the qualities that both curves cover, over which the mean is taken."""
    high: float
    """Upper end of them."""


def bd_rate(
    rate_a: Sequence[float], quality_a: Sequence[float], rate_b: Sequence[float], quality_b: Sequence[float]
) -> BDRate:
    """Compare the rate-quality curve b with the anchor a.

    The mean of log(rate_b) - log(rate_a) over the common qualities, both curves interpolated with PCHIP and
    integrated exactly, as a percentage.

    Args:
        rate_a: rates of the anchor's points, at least 2, positive, in any unit (bits per pixel, bytes).
        quality_a: their qualities, larger is better (dB of PSNR, MS-SSIM, ...).
        rate_b: rates of the tested codec's points, in the same unit.
        quality_b: their qualities.

    Returns:
        The percentage and the overlap of qualities it holds for.

    Raises:
        ValueError: if a curve, sorted by rate, does not rise strictly in both, or holds values that are not
            finite, or if the curves share no range of quality.
        ImportError: if SciPy is not installed.
    """
    a, b = _curve(rate_a, quality_a, "a"), _curve(rate_b, quality_b, "b")
    low, high = max(a[1][0], b[1][0]), min(a[1][-1], b[1][-1])
    if not low < high:
        spans = f"{a[1][0]:g}..{a[1][-1]:g} and {b[1][0]:g}..{b[1][-1]:g}"
        raise ValueError(f"the curves share no range of quality: {spans}")
    mean = (_area(b, low, high) - _area(a, low, high)) / (high - low)
    return BDRate(100 * float(np.expm1(mean)), float(low), float(high))


def _curve(rates: Sequence[float], qualities: Sequence[float], name: str) -> Curve:
    rate, quality = np.asarray(rates, np.float64), np.asarray(qualities, np.float64)
    if rate.ndim != 1 or rate.shape != quality.shape or len(rate) < LEAST_POINTS:
        raise ValueError(
            f"curve {name} needs as many rates as qualities, at least {LEAST_POINTS}; "
            f"got {rate.shape} and {quality.shape}"
        )
    if not (np.isfinite(rate).all() and np.isfinite(quality).all() and (rate > 0).all()):
        raise ValueError(f"curve {name} needs finite qualities and finite rates above 0")
    order = np.argsort(rate, kind="stable")
    rate, quality = rate[order], quality[order]
    if not ((np.diff(rate) > 0).all() and (np.diff(quality) > 0).all()):
        raise ValueError(f"curve {name} must rise strictly: more rate, more quality, no point twice")
    return np.log(rate), quality


def _area(curve: Curve, low: float, high: float) -> float:
    """Integrate log-rate over quality from `low` to `high`."""
    try:
        from scipy.interpolate import PchipInterpolator
    except ImportError as error:
        raise ImportError("BD-rate needs SciPy: install cotam[bench]") from error
    log_rate, quality = curve
    return float(PchipInterpolator(quality, log_rate).integrate(low, high))
