import sys

import bjontegaard
import numpy as np
import pytest

from cotam.metrics import BDRate, bd_rate

RATES = [0.1, 0.25, 0.5, 1.0, 1.6]
QUALITIES = [26.0, 29.5, 32.0, 35.5, 38.0]


def test_half_the_rate_at_equal_quality_is_minus_50_percent():
    result = bd_rate(RATES, QUALITIES, [r / 2 for r in RATES], QUALITIES)
    assert result.percent == pytest.approx(-50)


def test_a_curve_against_itself_is_zero():
    assert bd_rate(RATES, QUALITIES, RATES, QUALITIES) == BDRate(pytest.approx(0, abs=1e-9), 26.0, 38.0)


def test_twice_the_rate_is_plus_100_percent():
    assert bd_rate(RATES, QUALITIES, [2 * r for r in RATES], QUALITIES).percent == pytest.approx(100)


def test_swapping_the_curves_inverts_the_ratio():
    other = [q + 0.1 * i + 0.3 for i, q in enumerate(QUALITIES)]
    there = bd_rate(RATES, QUALITIES, RATES, other).percent
    back = bd_rate(RATES, other, RATES, QUALITIES).percent
    assert there < 0 < back
    assert (1 + there / 100) * (1 + back / 100) == pytest.approx(1)


def test_two_points_on_exponential_curves_give_the_exact_ratio():
    """log-rate is linear in quality here: 1 dB is a factor of 2, so 1.5 dB better saves 1 - 2^-1.5."""
    result = bd_rate([1, 16], [30, 34], [1, 16], [31.5, 35.5])
    assert result.percent == pytest.approx(100 * (2**-1.5 - 1))
    assert (result.low, result.high) == (31.5, 34)


@pytest.mark.parametrize("seed", range(10))
def test_it_equals_the_bjontegaard_package(seed):
    rng = np.random.default_rng(seed)
    rate_a, rate_b = (np.cumsum(rng.uniform(0.05, 0.6, 6)) for _ in range(2))
    quality_a, quality_b = (25 + np.cumsum(rng.uniform(0.5, 3, 6)) for _ in range(2))
    expected = bjontegaard.bd_rate(
        rate_a, quality_a, rate_b, quality_b, method="pchip", require_matching_points=False, min_overlap=0
    )
    assert bd_rate(rate_a, quality_a, rate_b, quality_b).percent == pytest.approx(expected, rel=1e-6)


def test_the_order_and_the_unit_of_the_points_do_not_matter():
    better = [q + 1 for q in QUALITIES]
    plain = bd_rate(RATES, QUALITIES, RATES, better)
    kilobytes = [8000 * r for r in RATES]
    turned = bd_rate(kilobytes[::-1], QUALITIES[::-1], kilobytes[::-1], better[::-1])
    assert turned.percent == pytest.approx(plain.percent)


@pytest.mark.parametrize(
    ("rates", "qualities", "message"),
    [
        (RATES, [q + 100 for q in QUALITIES], "share no range"),
        (RATES, [q + 12 for q in QUALITIES], "share no range"),
        (RATES, [26, 29, 29, 33, 35], "curve b must rise strictly"),
        (RATES, [26, 29, 28, 33, 35], "curve b must rise strictly"),
        ([0.1, 0.1, 0.5, 1, 2], QUALITIES, "curve b must rise strictly"),
        ([0, 0.1, 0.5, 1, 2], QUALITIES, "rates above 0"),
        (RATES, [26, 29, 30, 33, float("inf")], "finite"),
        (RATES, [26, 29, 30, 33, float("nan")], "finite"),
        (RATES, [26, 29, None, 33, 34], "finite"),
        (RATES[:1], QUALITIES[:1], "at least 2"),
        (RATES, QUALITIES[1:], "as many rates as qualities"),
    ],
)
def test_curves_that_cannot_be_compared_are_refused(rates, qualities, message):
    with pytest.raises(ValueError, match=message):
        bd_rate(RATES, QUALITIES, rates, qualities)


def test_without_scipy_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.interpolate", None)
    with pytest.raises(ImportError, match=r"cotam\[bench\]"):
        bd_rate(RATES, QUALITIES, RATES, QUALITIES)
