import math

import bjontegaard
import numpy as np
import pytest

from cotam.metrics import bd_accuracy, bd_interval, bd_rate
from cotam.metrics.bd_accuracy import rising
from cotam.metrics.isotonic import pooled

RATES = [0.05, 0.1, 0.2, 0.4, 0.8]
SHARES = [40.0, 55.0, 70.0, 78.0, 80.0]
ANCHOR = RATES, SHARES


def test_half_the_rate_at_equal_accuracy_is_minus_50_percent():
    result = bd_accuracy(ANCHOR, ([rate / 2 for rate in RATES], SHARES))
    assert result is not None
    assert result.percent == pytest.approx(-50)
    assert (result.low, result.high) == (40, 80)


@pytest.mark.parametrize("seed", range(6))
def test_on_rising_curves_it_equals_the_bjontegaard_package(seed):
    rng = np.random.default_rng(seed)
    a, b = ((np.cumsum(rng.uniform(0.05, 0.4, 6)), 30 + np.cumsum(rng.uniform(1, 9, 6))) for _ in range(2))
    expected = bjontegaard.bd_rate(*a, *b, method="pchip", require_matching_points=False, min_overlap=0)
    assert bd_accuracy(a, b).percent == pytest.approx(expected, rel=1e-6)


def test_on_a_curve_that_falls_it_is_the_bd_rate_of_the_pooled_points():
    """70 and 66 at 0.2 and 0.4 become 68 at the geometric mean of the rates."""
    measured = RATES, [40.0, 55.0, 70.0, 66.0, 80.0]
    middle = math.sqrt(0.2 * 0.4)
    byhand = bd_rate(*ANCHOR, [0.05, 0.1, middle, 0.8], [40.0, 55.0, 68.0, 80.0])
    assert bd_accuracy(ANCHOR, measured).percent == pytest.approx(byhand.percent)


def test_a_plateau_is_one_point():
    rates, shares = rising(RATES, [40, 60, 75, 75, 75])
    assert shares.tolist() == [40, 60, 75]
    assert rates.tolist() == pytest.approx([0.05, 0.1, 0.4])


def test_points_of_one_rate_are_averaged_and_order_does_not_matter():
    rates, shares = rising([0.4, 0.1, 0.1], [70, 40, 50])
    assert (rates.tolist(), shares.tolist()) == (pytest.approx([0.1, 0.4]), [45, 70])


@pytest.mark.parametrize(
    "tested",
    [
        (RATES, [share + 50 for share in SHARES]),
        (RATES, [share + 40 for share in SHARES]),
        (RATES, [60.0] * 5),
        (RATES, SHARES[::-1]),
        ([0.3], [60.0]),
    ],
    ids=["above", "touching", "flat", "falling", "one point"],
)
def test_curves_that_cannot_be_compared_have_no_figure(tested):
    assert bd_accuracy(ANCHOR, tested) is None
    assert bd_accuracy(tested, ANCHOR) is None


@pytest.mark.parametrize(
    ("tested", "words"),
    [
        (([], []), "as many rates"),
        ((RATES, SHARES[1:]), "as many rates"),
        ((RATES, [math.nan] * 5), "finite"),
        (([0, 1], [4, 5]), "above 0"),
    ],
)
def test_what_is_no_curve_is_refused(tested, words):
    with pytest.raises(ValueError, match=words):
        bd_accuracy(ANCHOR, tested)


def test_the_interval_holds_the_middle_of_what_resampling_gives():
    factors = np.linspace(0.4, 0.6, 101)
    spread = bd_interval((ANCHOR, ([rate * factor for rate in RATES], SHARES)) for factor in factors)
    assert (spread.low, spread.high) == (pytest.approx(-59.5), pytest.approx(-40.5))
    assert spread.defined == 1


def test_there_is_no_interval_where_too_few_resampled_curves_can_be_compared():
    flat = RATES, [60.0] * 5
    spread = bd_interval([(ANCHOR, ANCHOR)] * 94 + [(ANCHOR, flat)] * 6)
    assert (spread.low, spread.high, spread.defined) == (None, None, 0.94)


@pytest.mark.parametrize("seed", range(5))
def test_pooling_gives_the_best_fit_that_never_falls(seed):
    isotonic = pytest.importorskip("scipy.optimize").isotonic_regression
    y = np.random.default_rng(seed).integers(0, 12, 15).astype(float)
    x, pools = pooled(list(range(15)), y.tolist())
    fitted = isotonic(y).x
    assert pools == pytest.approx(np.unique(fitted))
    assert x == pytest.approx([np.flatnonzero(np.isclose(fitted, value)).mean() for value in pools])


def test_a_curve_that_rises_is_left_as_it_is():
    x, y = pooled(RATES, SHARES)
    assert (x.tolist(), y.tolist()) == (RATES, SHARES)
