"""What beside a tower's attention can say where bits should go."""

import numpy as np
import pytest
from PIL import Image

from cotam.errors import ImageError
from cotam.guidance import (
    MapGuidance,
    PromptGuidance,
    RandomGuidance,
    RoiGuidance,
    SaliencyGuidance,
    TowerGuidance,
    UniformGuidance,
    combine,
    levels_of,
)

PICTURE = np.random.default_rng(9).integers(0, 256, (120, 160, 3), dtype=np.uint8)


def test_uniform_guidance_gives_level_zero_everywhere():
    assert not levels_of(UniformGuidance().importance(PICTURE), 16).any()


def test_a_box_is_raised_and_nothing_else():
    levels = levels_of(RoiGuidance([(40, 30, 20, 15)]).importance(PICTURE), 8)
    assert levels[2, 2] == 1
    assert levels.sum() == np.abs(levels).sum() == 1


def test_several_boxes_are_one_region():
    levels = levels_of(
        RoiGuidance([(0, 0, 40, 30), (20, 15, 60, 30), (140, 105, 20, 15)]).importance(PICTURE)
    )
    expected = np.zeros((8, 8))
    expected[:2, :2] = expected[1:3, 1:4] = expected[7, 7] = 1
    np.testing.assert_array_equal(levels, expected)


def test_importance_of_a_box_is_the_share_of_the_cell_that_it_covers():
    importance = RoiGuidance([(0.25, 1, 2.5, 1)]).importance(np.zeros((2, 4, 3), np.uint8))
    np.testing.assert_allclose(importance, [[0, 0, 0, 0], [0.75, 1, 0.75, 0]])


def test_the_rest_is_lowered_where_a_box_is_most_of_the_picture():
    levels = levels_of(RoiGuidance([(0, 0, 160, 105)]).importance(PICTURE))
    assert (levels[:7] == 0).all()
    assert (levels[7] == -1).all()


def test_a_box_over_the_whole_picture_changes_nothing():
    assert not levels_of(RoiGuidance([(0, 0, 160, 120)]).importance(PICTURE)).any()


@pytest.mark.parametrize("box", [(-1, 0, 5, 5), (150, 0, 11, 5), (0, 119, 5, 2), (500, 500, 5, 5)])
def test_a_box_beyond_the_picture_is_refused(box):
    with pytest.raises(ValueError, match="reaches beyond the picture of 160 x 120 pixels"):
        RoiGuidance([box]).importance(PICTURE)


@pytest.mark.parametrize(
    "boxes", [[], [(0, 0, 0, 5)], [(0, 0, 5, -1)], [(0, 0, 5)], [(0, 0, 5, float("nan"))]]
)
def test_what_is_no_box_is_refused(boxes):
    with pytest.raises(ValueError, match="roi must"):
        RoiGuidance(boxes)


def write(path, array):
    Image.fromarray(array).save(path)
    return path


def test_a_map_from_a_grey_file_is_laid_over_the_picture(tmp_path):
    grey = np.zeros((30, 17), np.uint8)
    grey[15:, :] = 200
    for path in (write(tmp_path / "grey.png", grey), write(tmp_path / "rgb.png", np.stack([grey] * 3, -1))):
        levels = levels_of(MapGuidance(path).importance(PICTURE))
        assert (levels[:4] == -1).all()
        assert (levels[4:] == 1).all()


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint16, np.float16, np.float64])
def test_a_map_may_be_an_array_of_any_real_type(dtype):
    values = np.eye(5).astype(dtype)
    np.testing.assert_array_equal(MapGuidance(values).importance(PICTURE), np.eye(5))


def test_a_map_in_colour_is_refused_by_name(tmp_path):
    path = write(tmp_path / "colour.png", PICTURE)
    with pytest.raises(ImageError, match=r"colour\.png: is a picture in colour; a map is a grey one"):
        MapGuidance(path)


def test_a_file_that_is_no_picture_is_refused_by_name(tmp_path):
    (tmp_path / "map.png").write_text("0 1 0")
    with pytest.raises(ImageError, match=r"map\.png"):
        MapGuidance(tmp_path / "map.png")
    with pytest.raises(ImageError, match=r"none\.png: no such file"):
        MapGuidance(str(tmp_path / "none.png"))


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (np.zeros((4, 4, 3)), ValueError),
        (np.zeros((0, 4)), ValueError),
        (np.full((4, 4), np.inf), ValueError),
        (np.full((4, 4), 1e300), ValueError),
        (np.zeros((4, 4), complex), TypeError),
        (np.full((4, 4), "a"), TypeError),
        ([[0, 1]], TypeError),
        (None, TypeError),
    ],
)
def test_a_map_of_the_wrong_type_is_refused(source, error):
    with pytest.raises(error, match="booleans or finite real numbers of shape"):
        MapGuidance(source)


def test_random_blobs_depend_on_seed_and_picture_alone():
    first = RandomGuidance(3).importance(PICTURE)
    np.testing.assert_array_equal(first, RandomGuidance(3).importance(PICTURE.copy()))
    assert (first != RandomGuidance(4).importance(PICTURE)).any()
    assert (first != RandomGuidance(3).importance(PICTURE[::-1])).any()


def test_random_blobs_are_smooth_and_raise_and_lower_a_quarter():
    maps = [RandomGuidance(seed).importance(PICTURE) for seed in range(40)]
    assert np.mean([np.diff(m, axis=1).std() / m.std() for m in maps]) < 0.4
    levels = np.stack([levels_of(m) for m in maps])
    assert 0.17 < np.mean(levels == 1) < 0.31
    assert 0.17 < np.mean(levels == -1) < 0.31


def test_random_blobs_are_no_more_often_raised_in_one_place_than_in_another():
    levels = np.stack([levels_of(RandomGuidance(seed).importance(PICTURE)) for seed in range(200)])
    assert np.abs(levels.mean(0)).max() < 0.25


def test_random_blobs_borrow_the_values_of_another_source():
    saliency = SaliencyGuidance()
    control = RandomGuidance(1, like=saliency).importance(PICTURE)
    own = saliency.importance(PICTURE)
    assert (control != own).any()
    np.testing.assert_array_equal(np.sort(control, axis=None), np.sort(own, axis=None))


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="seed must not be negative"):
        RandomGuidance(-1)


@pytest.mark.parametrize(("top", "left"), [(20, 30), (150, 220), (96, 140)])
def test_saliency_finds_what_stands_out(top, left, photograph):
    importance = SaliencyGuidance().importance(photograph(240, 320, top, left, 40))
    row, column = np.unravel_index(importance.argmax(), importance.shape)
    assert importance.shape == (48, 64)
    assert top <= (row + 0.5) * 5 <= top + 40
    assert left <= (column + 0.5) * 5 <= left + 40


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 500, 3), (3, 2, 3), (300, 200, 3)])
def test_saliency_of_a_flat_picture_is_constant(shape):
    assert not levels_of(SaliencyGuidance().importance(np.full(shape, 77, np.uint8))).any()


@pytest.mark.parametrize("shape", [(1, 2, 3), (2, 700, 3), (5, 5, 3)])
def test_saliency_takes_pictures_of_any_shape(shape):
    picture = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert np.isfinite(SaliencyGuidance().importance(picture)).all()


def test_a_prompt_raises_what_it_names(scripted):
    picture = np.full((32, 32, 3), 60, np.uint8)
    picture[:8, :8, 0] = picture[24:, 24:, 2] = 255
    red = levels_of(PromptGuidance(scripted, "red").importance(picture), 4)
    blue = levels_of(PromptGuidance(scripted, "blue").importance(picture), 4)
    assert red[0, 0] == blue[3, 3] == 1
    assert red.sum() == blue.sum() == 1


def test_a_prompt_is_looked_for_in_tiles_too(scripted):
    picture = np.full((256, 256, 3), 60, np.uint8)
    picture[200:208, 40:48, 1] = 255
    importance = PromptGuidance(scripted, "green").importance(picture)
    assert importance.shape == (32, 32)
    assert np.unravel_index(importance.argmax(), importance.shape) == (25, 5)


@pytest.mark.parametrize("family", ["clip-and-text", "siglip-and-text"])
def test_a_prompt_goes_through_the_text_side_of_a_real_tower(family, tower):
    t = tower(family)
    dog, sign = (PromptGuidance(t, text).importance(PICTURE) for text in ("a dog", "a red sign"))
    assert dog.shape == t.grid(*t.input_size)
    assert (dog != sign).any()


def test_a_prompt_without_text_side_or_words_is_refused(scripted, tower):
    with pytest.raises(ValueError, match="prompt must be a question or phrase"):
        PromptGuidance(scripted, "  ")
    with pytest.raises(ValueError, match="prompt needs a tower with a text side"):
        PromptGuidance(tower("dinov2"), "a dog")


def test_combined_sources_are_summed_on_one_scale():
    box, mine = RoiGuidance([(80, 60, 80, 60)]), MapGuidance(np.array([[1000.0, 0], [0, 0]]))
    levels = levels_of(combine(box, mine).importance(PICTURE), 2)
    np.testing.assert_array_equal(levels, [[1, -1], [-1, 1]])


def test_a_constant_source_changes_nothing_in_a_combination(scripted):
    tower, uniform = TowerGuidance(scripted), UniformGuidance()
    alone, both = tower.importance(PICTURE), combine(uniform, tower).importance(PICTURE)
    np.testing.assert_array_equal(levels_of(alone, 4), levels_of(both, 4))
    assert combine(tower) is tower
    assert combine(tower, uniform).name == f"{tower.name}+uniform"


def test_a_combination_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one source"):
        combine()
