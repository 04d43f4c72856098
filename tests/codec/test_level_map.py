"""The level map: carried by the stream, shifting quality cell by cell, one byte where it says nothing."""

import numpy as np
import pytest

from cotam.codec import LevelMap, read_info

UNIFORM = LevelMap(np.zeros((3, 4), np.int8))


@pytest.mark.parametrize(
    ("shape", "count", "strength"), [((1, 1), 3, 0.5), ((4, 6), 3, 10), ((8, 8), 5, 7.5), ((128, 3), 9, 50)]
)
def test_a_level_map_comes_back(random_codec, make_picture, shape, count, strength):
    levels = np.random.default_rng(5).integers(-(count // 2), count // 2 + 1, shape)
    levels[0, 0] = count // 2
    level_map = LevelMap(levels, count, strength)
    data = random_codec.encode(make_picture(100, 150), 50, level_map=level_map)
    assert random_codec.decode_latents(data).level_map == level_map
    assert read_info(data).level_map == level_map


def test_every_cell_has_its_own_step(random_codec, make_picture):
    level_map = LevelMap([[-1, 0], [1, 0]], strength=20)
    latents = random_codec.decode_latents(random_codec.encode(make_picture(64, 64), 50, level_map=level_map))
    expected = np.array([[30, 30, 50, 50]] * 2 + [[70, 70, 50, 50]] * 2) * 8
    assert latents.steps.tolist() == expected.tolist()
    assert latents.quality == 50


def test_steps_stay_on_the_quality_scale(random_codec, make_picture):
    level_map = LevelMap([[-1, 1]], strength=50)
    latents = random_codec.decode_latents(random_codec.encode(make_picture(16, 32), 80, level_map=level_map))
    assert latents.steps.tolist() == [[30 * 8, 800]]


def test_a_map_finer_than_the_latents_uses_the_cell_under_each_centre():
    level_map = LevelMap(np.arange(9).reshape(1, 9) - 4, count=9)
    assert level_map.cells(1, 3).tolist() == [[-3, 0, 3]]
    assert level_map.cells(2, 9).tolist() == [list(range(-4, 5))] * 2
    assert LevelMap([[1, -1]]).cells(1, 5).tolist() == [[1, 1, -1, -1, -1]]


def test_raised_cells_get_other_bytes_and_more_of_them(random_codec, make_picture):
    analysis = random_codec.analyse(make_picture(256, 256))
    raised, lowered = (
        random_codec.encode_analysis(analysis, 50, LevelMap([[level, 0], [0, 0]], strength=40))
        for level in (1, -1)
    )
    plain = random_codec.encode_analysis(analysis, 50)
    assert lowered.ideal_bits < plain.ideal_bits < raised.ideal_bits


def test_a_uniform_map_costs_one_byte(random_codec, make_picture):
    picture = make_picture(32, 48)
    data = random_codec.encode(picture, 50, level_map=UNIFORM)
    assert data == random_codec.encode(picture, 50)
    assert read_info(data).parts["level_map"] == 1
    assert read_info(data).level_map is None


def test_a_map_may_be_finer_than_a_picture_of_one_pixel(random_codec, make_picture):
    level_map = LevelMap(np.ones((9, 9), np.int8))
    latents = random_codec.decode_latents(random_codec.encode(make_picture(1, 1), 50, level_map=level_map))
    assert latents.steps.tolist() == [[60 * 8]]
    assert latents.level_map == level_map


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[2]],), "levels must be from -1 to 1"),
        (([[5]], 9), "levels must be from -4 to 4"),
        (([[0.5]],), "integer array"),
        (([0, 1],), "integer array"),
        (([[0]], 4), "odd"),
        (([[0]], 11), "3 to 9"),
        (([[0]], 3, 0.3), "steps of 0.5"),
        (([[0]], 3, 51), "0.5 to 50"),
        ((np.zeros((129, 1), np.int8),), "rows must be 1 to 128"),
        ((np.zeros((0, 1), np.int8),), "rows must be 1 to 128"),
    ],
)
def test_a_map_that_no_stream_can_hold_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LevelMap(*arguments)


def test_maps_are_equal_by_value():
    assert LevelMap([[1, 0]]) == LevelMap(np.array([[1, 0]], np.int64))
    assert LevelMap([[1, 0]]) != LevelMap([[1, 0]], strength=5)
    assert LevelMap([[1, 0]]) != LevelMap([[1], [0]])
    assert LevelMap([[1, 0]]) != "map"
