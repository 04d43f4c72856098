"""The picture of importance and levels."""

import numpy as np
import pytest

from cotam.guidance import draw_importance
from cotam.guidance.drawing import COARSE, FINE, MARGIN, PANEL, RAMP, ramp_colours

GREY = np.full((60, 90, 3), 128, np.uint8)


def panels(drawing):
    """Both panels without title and legend."""
    sheet = np.asarray(drawing).astype(int)
    top, height = MARGIN + 30, PANEL * 60 // 90
    heat, levels = (sheet[top : top + height, left : left + PANEL] for left in (MARGIN, 2 * MARGIN + PANEL))
    return heat, levels


def test_heat_and_levels_stand_side_by_side():
    importance = np.array([[0.0, 0.0, 1.0]])
    heat, levels = panels(draw_importance(GREY, importance, np.array([[-1, 0, 1]])))
    cold, hot = heat[240, 5], heat[240, -5]
    assert hot.sum() > cold.sum() + 200
    blue, plain, orange = levels[100, 120], levels[100, 360], levels[100, 600]
    assert blue[2] > blue[0] + 50
    assert np.ptp(plain) == 0
    assert orange[0] > orange[2] + 50


def test_lesser_levels_are_paler():
    levels = np.array([[-2, -1, 0, 1, 2]])
    _, drawn = panels(draw_importance(GREY, levels.astype(float), levels))
    saturation = np.ptp(drawn[100, [72, 216, 360, 504, 648]], axis=1)
    assert saturation[0] > saturation[1] > saturation[2] == 0
    assert saturation[4] > saturation[3] > 0


def test_the_ramp_rises_in_lightness_throughout():
    lightness = ramp_colours(np.linspace(0, 1, 50)) @ [0.299, 0.587, 0.114]
    assert (np.diff(lightness) > 0).all()
    np.testing.assert_array_equal(ramp_colours(np.array([0, 1])), [RAMP[0], RAMP[-1]])


def test_the_legend_shows_the_colours_of_the_levels():
    sheet = np.asarray(draw_importance(GREY, np.ones((2, 2)), np.zeros((2, 2), int)))
    legend = sheet[-60:].reshape(-1, 3)
    for colour in (COARSE, FINE, RAMP[0], RAMP[-1]):
        assert (legend == colour).all(1).any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 1), (30, 20), (1000, 1500)])
@pytest.mark.parametrize("grid", [(1, 1), (8, 8), (128, 128)])
def test_any_picture_and_grid_can_be_drawn(shape, grid):
    pixels = np.zeros((*shape, 3), np.uint8)
    levels = np.random.default_rng(0).integers(-4, 5, grid)
    drawing = draw_importance(pixels, levels.astype(np.float32), levels)
    assert drawing.mode == "RGB"
    assert max(drawing.size) < 3 * PANEL
