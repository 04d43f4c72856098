"""Pooling and thresholds."""

import numpy as np
import pytest

from cotam.entropy_coding import FrameWriter, write_level_map
from cotam.guidance import LevelOptions, RandomGuidance, automatic_grid, levels_of
from cotam.guidance.maps import area_average


@pytest.fixture
def values():
    return np.random.default_rng(2).normal(size=(24, 24))


def test_three_levels_are_cut_at_mean_and_deviation_of_the_pooled_map(values):
    pooled = values.reshape(8, 3, 8, 3).mean((1, 3))
    low, high = pooled.mean() - 0.75 * pooled.std(), pooled.mean() + 0.75 * pooled.std()
    levels = levels_of(values)
    assert levels.dtype == np.int8
    np.testing.assert_array_equal(levels, (pooled > high).astype(int) - (pooled < low))


@pytest.mark.parametrize(("count", "shares"), [(5, [1 / 2, 3 / 2]), (7, [1 / 3, 1, 5 / 3])])
def test_more_levels_have_even_thresholds_whose_mean_is_k(count, shares, values):
    pooled = values.reshape(12, 2, 12, 2).mean((1, 3))
    distance = (pooled - pooled.mean()) / pooled.std()
    expected = sum((distance > 0.9 * s).astype(int) - (distance < -0.9 * s) for s in shares)
    np.testing.assert_array_equal(levels_of(values, 12, 0.9, count), expected)
    assert np.mean(shares) == 1


@pytest.mark.parametrize("count", [3, 5, 7, 9])
def test_levels_stay_within_their_count(count):
    extreme = np.zeros((8, 8))
    extreme[0, 0], extreme[7, 7] = 1e6, -1e6
    levels = levels_of(extreme, count=count)
    assert (levels.max(), levels.min()) == (count // 2, -(count // 2))


@pytest.mark.parametrize("value", [0.0, 1 / 3, -1e30, 1e-30])
@pytest.mark.parametrize("shape", [(1, 1), (24, 24), (37, 5)])
def test_a_constant_map_gives_all_zeros(value, shape):
    assert not levels_of(np.full(shape, value, np.float32), (7, 11)).any()


def test_scale_and_shift_of_importance_change_nothing(values):
    np.testing.assert_array_equal(levels_of(values), levels_of(values * 1e-4 + 3))


@pytest.mark.parametrize("shape", [(3, 5), (24, 24), (30, 40)])
def test_pooling_to_a_grid_that_does_not_divide_weighs_by_area(shape):
    values = np.random.default_rng(1).random((12, 10))
    fine = values.repeat(shape[0], 0).repeat(shape[1], 1)
    expected = fine.reshape(shape[0], 12, shape[1], 10).mean((1, 3))
    np.testing.assert_allclose(area_average(values, *shape), expected, rtol=1e-12)


@pytest.mark.parametrize("grid", [0, -1, 129, (8, 0), (200, 8), (8,), (8, 8, 8), 8.0, "8"])
def test_a_grid_out_of_range_is_refused(grid, values):
    message = "grid must be rows and columns from 1 to 128"
    with pytest.raises(ValueError, match=message):
        levels_of(values, grid)
    with pytest.raises(ValueError, match=message):
        LevelOptions(grid=grid)


@pytest.mark.parametrize("k", [0.0, -0.75, 4.1, float("nan"), float("inf")])
def test_k_out_of_range_is_refused(k, values):
    with pytest.raises(ValueError, match=r"k must be from 0\.05 to 4 standard deviations"):
        levels_of(values, k=k)


@pytest.mark.parametrize("count", [1, 2, 4, 11])
def test_another_number_of_levels_is_refused(count, values):
    with pytest.raises(ValueError, match="count must be one of 3, 5, 7, 9 levels"):
        levels_of(values, count=count)


@pytest.mark.parametrize("strength", [0, 0.25, 10.3, 51, float("nan")])
def test_a_strength_that_no_stream_can_hold_is_refused(strength):
    with pytest.raises(ValueError, match=r"strength must be from 0\.5 to 50 in steps of 0\.5"):
        LevelOptions(strength=strength)


@pytest.mark.parametrize("importance", [np.zeros(8), np.zeros((0, 8)), np.full((8, 8), np.nan)])
def test_importance_that_is_no_map_is_refused(importance):
    with pytest.raises(ValueError, match="importance must be finite numbers"):
        levels_of(importance)


@pytest.mark.parametrize(
    ("size", "grid"),
    [((512, 768), (8, 8)), ((1344, 1345), (8, 9)), ((2160, 3840), (13, 23)), ((9000, 7000), (32, 32))],
)
def test_the_automatic_grid_grows_with_the_picture_up_to_a_bound(size, grid, values):
    assert automatic_grid(*size) == grid
    assert LevelOptions().levels(values, *size).shape == grid


def coded_bytes(levels):
    writer = FrameWriter()
    write_level_map(writer, levels, 3)
    return len(writer.to_bytes())


def mean_bytes(grid):
    picture = np.zeros((16, 16, 3), np.uint8)
    maps = [RandomGuidance(seed).importance(picture) for seed in range(12)]
    return np.mean([coded_bytes(levels_of(importance, grid)) for importance in maps])


def test_side_information_grows_much_slower_than_the_number_of_cells():
    eight, sixteen, thirty_two = mean_bytes(8), mean_bytes(16), mean_bytes(32)
    assert eight <= 14
    assert sixteen < 2.6 * eight
    assert thirty_two < 2.6 * sixteen


def test_side_information_of_a_grid_follows_detail():
    few, many = np.zeros((32, 32), int), np.zeros((32, 32), int)
    few[8:16, 8:16] = 1
    many[::4, ::4] = 1
    assert few.sum() == many.sum()
    assert coded_bytes(many) > 1.5 * coded_bytes(few)
