import itertools

import numpy as np
import pytest

from cotam.analysis.bootstrap import RESAMPLES, draw_weights, interval, resampled_means
from cotam.analysis.change_points import SHORTEST, change_points
from cotam.analysis.stages import estimate_stages, slopes

THREE_LINES = np.concatenate([np.linspace(5, 4, 4), np.linspace(2, 2.5, 5), np.linspace(4, 7, 6)])
"""Falls over points 0 to 3, then 4 to 8, then 9 to 14."""


def brute_force(curves: np.ndarray) -> tuple[int, int]:
    points = curves.shape[-1]

    def cost(start: int, end: int) -> float:
        x = np.arange(start, end)
        return sum(
            ((y[start:end] - np.polyval(np.polyfit(x, y[start:end], 1), x)) ** 2).sum() for y in curves
        )

    places = [
        (i, j)
        for i, j in itertools.combinations(range(SHORTEST, points - SHORTEST + 1), 2)
        if j - i >= SHORTEST
    ]
    return min(places, key=lambda cut: cost(0, cut[0]) + cost(*cut) + cost(cut[1], points))


def test_three_lines_are_cut_where_they_change() -> None:
    cuts = change_points(THREE_LINES[None])
    assert cuts is not None
    assert cuts.tolist() == [4, 9]


@pytest.mark.parametrize("seed", range(5))
def test_random_curves_are_cut_where_trying_everything_cuts_them(seed: int) -> None:
    curves = np.random.default_rng(seed).normal(size=(3, 2, 13)).cumsum(-1)
    cuts = change_points(curves)
    assert cuts is not None
    assert [tuple(cut) for cut in cuts.tolist()] == [brute_force(one) for one in curves]


def test_too_few_points_have_no_change_points() -> None:
    assert change_points(np.zeros((1, 8))) is None
    assert change_points(np.zeros((1, 9))) is not None
    assert estimate_stages([np.zeros((3, 8))]) is None


def test_borders_have_an_interval_that_holds_them_and_grows_with_noise() -> None:
    rng, weights = np.random.default_rng(0), draw_weights(12)
    widths = []
    for noise in (0.01, 3.0):
        pictures = THREE_LINES + rng.normal(scale=noise, size=(12, 15))
        stages = estimate_stages([resampled_means(pictures, weights)])
        assert stages is not None
        for border in (stages.second, stages.third):
            assert border.low <= border.block <= border.high
        widths.append(stages.second.high - stages.second.low + stages.third.high - stages.third.low)
        if noise < 1:
            assert stages.ranges == (range(4), range(4, 9), range(9, 15))
    assert widths[0] == 0 < widths[1]


def test_slopes_are_those_of_least_squares_lines() -> None:
    stages = estimate_stages([np.stack([THREE_LINES] * 3)])
    assert stages is not None
    curve = np.random.default_rng(1).normal(size=16)
    expected = [
        np.polyfit(np.arange(b.start, b.stop + 1), curve[b.start : b.stop + 1], 1)[0] for b in stages.ranges
    ]
    np.testing.assert_allclose(slopes(curve, stages), expected)


def test_resampled_means_leave_out_what_is_missing() -> None:
    values = np.array([[1.0, np.nan, np.nan], [3.0, 4.0, np.nan]])
    means = resampled_means(values, np.array([[1.0, 1.0], [2.0, 0.0]]))
    np.testing.assert_array_equal(means, [[2, 4, np.nan], [1, np.nan, np.nan]])


def test_an_interval_is_as_wide_as_the_standard_error_says() -> None:
    values = np.random.default_rng(3).normal(size=(400, 1))
    weights = draw_weights(400)
    assert weights.shape == (1 + RESAMPLES, 400)
    assert set(weights.sum(1)) == {400}
    low, high = interval(resampled_means(values, weights))
    assert float((high - low)[0]) == pytest.approx(2 * 1.96 / 20, rel=0.15)
