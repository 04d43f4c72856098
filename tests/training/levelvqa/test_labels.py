"""Labels of patches say what the scene graph says."""

import numpy as np
import pytest

from cotam.levelvqa.sampling import sample_graph
from cotam.levelvqa.scene_graph import Background, Box, Light, SceneGraph, SceneObject, Sign
from cotam.levelvqa.vocabulary import BACKGROUNDS, COLOURS
from cotam.training.levelvqa.labels import (
    ALPHABET,
    PATCH_LABELS,
    TEXTS,
    THINGS,
    UNKNOWN,
    WHOLE_LABELS,
    patch_labels,
    whole_labels,
)

PATCH = 16
NAMES = list(PATCH_LABELS)


def graph(**parts) -> SceneGraph:
    return SceneGraph(0, 224, "standard", Background("wood", "blue", 1), Light(100, 0, 0, 0), **parts)


def label(labels: np.ndarray, name: str, x: int, y: int) -> int:
    return int(labels[NAMES.index(name), y // PATCH * (224 // PATCH) + x // PATCH])


def test_patches_of_an_object_name_its_kind_colour_and_number():
    stars = [SceneObject("star", "red", Box(x, 32, x + 32, 64)) for x in (0, 64, 128)]
    labels = patch_labels(graph(objects=tuple(stars)), PATCH)
    assert label(labels, "thing", 70, 40) == THINGS.index("star")
    assert label(labels, "colour", 70, 40) == list(COLOURS).index("red")
    assert label(labels, "count", 70, 40) == 3
    assert label(labels, "thing", 200, 200) == THINGS.index("nothing")
    assert label(labels, "colour", 200, 200) == UNKNOWN


def test_the_last_painted_thing_owns_a_patch():
    below = SceneObject("star", "red", Box(0, 0, 64, 64))
    above = SceneObject("fish", "green", Box(32, 32, 96, 96))
    labels = patch_labels(graph(objects=(below, above)), PATCH)
    assert label(labels, "thing", 40, 40) == THINGS.index("fish")
    assert label(labels, "thing", 8, 8) == THINGS.index("star")


def test_a_word_names_itself_and_the_character_under_each_patch():
    word = Sign("TAXI", "large", "black", "white", Box(32, 0, 96, 32))
    labels = patch_labels(graph(words=(word,)), PATCH)
    assert [label(labels, "character", x, 8) for x in (32, 48, 64, 80)] == [ALPHABET.index(c) for c in "TAXI"]
    assert label(labels, "text", 50, 20) == TEXTS.index("TAXI")
    assert label(labels, "thing", 50, 20) == THINGS.index("large")


def test_a_small_word_is_told_twice_and_a_large_one_once():
    small = Sign("taxi", "small", "black", "white", Box(32, 0, 96, 32))
    large = Sign("TAXI", "large", "black", "white", Box(32, 64, 96, 96))
    labels = patch_labels(graph(words=(small, large)), PATCH)
    assert label(labels, "text", 50, 20) == label(labels, "small_word", 50, 20) == TEXTS.index("TAXI")
    assert label(labels, "small_word", 50, 80) == UNKNOWN


def test_every_patch_tells_its_row_and_column():
    labels = patch_labels(graph(), PATCH)
    assert (label(labels, "row", 40, 200), label(labels, "column", 40, 200)) == (12, 2)
    coarse = patch_labels(graph(), 32)
    assert coarse[NAMES.index("row")].reshape(7, 7)[:, 0].tolist() == [0, 2, 4, 6, 8, 10, 12]


def test_the_whole_picture_names_its_background():
    assert whole_labels(graph()).tolist() == [BACKGROUNDS.index("wood"), list(COLOURS).index("blue")]


@pytest.mark.parametrize("seed", range(20))
def test_labels_of_sampled_scenes_are_in_range(seed):
    labels = patch_labels(sample_graph(seed), PATCH)
    assert labels.shape == (len(PATCH_LABELS), 196)
    for row, size in zip(labels, PATCH_LABELS.values(), strict=True):
        assert ((row == UNKNOWN) | ((row >= 0) & (row < size))).all()
    assert (labels[0] > 0).any()
    assert len(whole_labels(sample_graph(seed))) == len(WHOLE_LABELS)
