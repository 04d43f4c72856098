"""Rendered graphics: deterministic, of every size, and as varied as their kinds."""

import numpy as np
import pytest

from cotam.training.graphics import SMALLEST_SIZE, render_graphic
from cotam.training.graphics.charts import render_chart
from cotam.training.graphics.documents import render_document
from cotam.training.graphics.editor import render_editor
from cotam.training.graphics.interface import render_interface
from cotam.training.graphics.tables import render_table
from cotam.training.graphics.words import ACTIONS, COMMON, TITLES, number, phrase

KINDS = [render_document, render_chart, render_interface, render_editor, render_table]


def _rng(seed):
    return np.random.default_rng(seed)


def test_the_same_generator_state_gives_the_same_picture():
    for seed in range(20):
        np.testing.assert_array_equal(render_graphic(_rng(seed), 96), render_graphic(_rng(seed), 96))


def test_drawing_one_picture_leaves_no_trace_in_the_next():
    first = render_graphic(_rng(1), 96)
    render_graphic(_rng(2), 200)
    np.testing.assert_array_equal(render_graphic(_rng(1), 96), first)


def test_different_seeds_give_different_pictures():
    pictures = {render_graphic(_rng(seed), 64).tobytes() for seed in range(50)}
    assert len(pictures) == 50


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [SMALLEST_SIZE, 67, 256])
def test_every_kind_draws_every_size(kind, size):
    for seed in range(40):
        pixels = kind(_rng(seed), size).pixels()
        assert pixels.shape == (size, size, 3)
        assert pixels.dtype == np.uint8


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_flat_areas_and_sharp_edges(kind):
    """What tells graphics from photographs: most neighbours are equal, some differ by half the range."""
    pictures = [kind(_rng(seed), 256).pixels().astype(int) for seed in range(12)]
    steps = np.concatenate([np.abs(np.diff(p, axis=1)).max(axis=2).ravel() for p in pictures])
    assert (steps == 0).mean() > 0.4
    assert (steps > 100).mean() > 0.005


def test_pictures_are_rarely_blank():
    spread = [render_graphic(_rng(seed), 128).std() for seed in range(100)]
    assert np.mean(np.array(spread) > 10) > 0.95


def test_dark_and_light_pictures_both_occur():
    means = np.array([render_graphic(_rng(seed), 64).mean() for seed in range(100)])
    assert (means < 80).sum() >= 10
    assert (means > 200).sum() >= 30


def test_a_picture_can_be_edited_by_its_owner():
    pixels = render_graphic(_rng(0), 64)
    pixels[:] = 0
    assert render_graphic(_rng(0), 64).any()


def test_a_size_that_is_too_small_is_refused():
    with pytest.raises(ValueError, match=str(SMALLEST_SIZE)):
        render_graphic(_rng(0), SMALLEST_SIZE - 1)


def test_all_words_have_glyphs_in_the_bundled_font():
    rng = _rng(0)
    words = [*COMMON, *TITLES, *ACTIONS, phrase(rng, 2000), *(number(rng) for _ in range(500))]
    assert all(word.isascii() for word in words)
