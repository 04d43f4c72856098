from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest
from PIL import Image

from cotam.levelvqa.drawing import render
from cotam.levelvqa.scene_graph import Background, Box, Light, Panel, SceneGraph, SceneObject, Sign
from cotam.levelvqa.vocabulary import (
    BACKGROUNDS,
    COLOURS,
    DIGITS,
    KINDS,
    LETTERS,
    ORIENTATIONS,
    TEXTURES,
    WORDS,
)

NEUTRAL = Light(brightness=100, direction=0, falloff=0, noise=0)
DUSK = Light(brightness=85, direction=40, falloff=30, noise=4)
BOX = Box(60, 50, 140, 130)

GOLDEN = {
    (224, "standard"): "67ee1434083f35403938e94337567ff995d0fcda21c40ede8833a16522ba6a98",
    (160, "standard"): "f569c4179de0bcbc887047ffb88b053a827e0544e3137faa2798c291ea0e5090",
    (512, "tiles"): "775e37931a45c9a4aa72dafca3fa437c1044864901eab46e04d0520e37b627f3",
}


def bare(texture="sand", colour="blue", grain=7, light=NEUTRAL, size=224, variant="standard", **things):
    return SceneGraph(grain, size, variant, Background(texture, colour, grain), light, **things)


def full(**settings):
    return bare(
        **settings,
        objects=(
            SceneObject("car", "red", Box(10, 100, 60, 150), 10, "shaded"),
            SceneObject("key", "black", Box(70, 100, 110, 140), -15, "speckled"),
        ),
        words=(
            Sign("SCHOOL", "large", "white", "blue", Box(8, 8, 112, 40)),
            Sign("MILK", "small", "black", "yellow", Box(8, 50, 48, 62)),
        ),
        digit=Sign("7", "large", "red", "white", Box(118, 8, 152, 50)),
        letter=Sign("K", "large", "white", "purple", Box(118, 55, 150, 95)),
        panel=Panel("rising", ("orange", "brown"), 12, Box(60, 45, 110, 95)),
    )


def boxes(graph):
    things = [*graph.objects, *graph.words, graph.digit, graph.letter, graph.panel]
    return [thing.box for thing in things if thing is not None]


def pixels(graph, photographs=None):
    return np.asarray(render(graph, photographs)).astype(int)


def cut(graph, box=BOX):
    return pixels(graph)[box.y0 : box.y1, box.x0 : box.x1]


def nearest(colour):
    return min(COLOURS, key=lambda name: np.square(np.array(COLOURS[name]) - colour).sum())


def outside(graph):
    keep = np.ones((graph.size, graph.size), dtype=bool)
    for box in boxes(graph):
        keep[box.y0 : box.y1, box.x0 : box.x1] = False
    return keep


def all_differ(graphs):
    seen = {render(graph).tobytes() for graph in graphs}
    return len(seen) == len(graphs)


def test_equal_graphs_give_equal_pixels():
    assert np.array_equal(pixels(full(light=DUSK)), pixels(full(light=DUSK)))


@pytest.mark.parametrize(("size", "variant"), GOLDEN)
def test_pixels_are_the_same_on_every_machine(size, variant):
    graph = full(texture="wood", colour="green", light=DUSK, size=size, variant=variant)
    assert sha256(render(graph).tobytes()).hexdigest() == GOLDEN[size, variant]


@pytest.mark.parametrize("size", [160, 224, 1024])
@pytest.mark.parametrize("variant", ["standard", "tiles"])
def test_a_picture_is_a_square_of_the_asked_size(size, variant):
    picture = render(full(size=size, variant=variant))
    assert (picture.mode, picture.size) == ("RGB", (size, size))


@pytest.mark.parametrize("variant", ["standard", "tiles"])
def test_nothing_is_painted_outside_the_boxes(variant):
    graph = full(variant=variant)
    empty = replace(graph, objects=(), words=(), digit=None, letter=None, panel=None)
    differs = (pixels(graph) != pixels(empty)).any(axis=2)
    assert differs.sum() > 5000
    assert not differs[outside(graph)].any()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rotation", [-20, 0, 20])
def test_an_object_reaches_the_edges_of_its_box_and_stays_inside(kind, rotation):
    item = SceneObject(kind, "red", BOX, rotation)
    differs = (pixels(bare(objects=(item,))) != pixels(bare())).any(axis=2)
    ys, xs = np.nonzero(differs)
    assert (xs.min() >= BOX.x0, ys.min() >= BOX.y0, xs.max() < BOX.x1, ys.max() < BOX.y1) == (True,) * 4
    assert max(xs.max() - xs.min(), ys.max() - ys.min()) >= BOX.width - 3


def test_every_kind_rotation_and_surface_looks_different():
    items = [SceneObject(kind, "red", BOX) for kind in KINDS]
    items += [SceneObject("star", "red", BOX, rotation) for rotation in (-10, 10)]
    items += [SceneObject("star", "red", BOX, texture=texture) for texture in TEXTURES if texture != "plain"]
    assert all_differ([bare(objects=(item,)) for item in items])


def test_every_background_in_every_colour_looks_different():
    assert all_differ([bare(texture, colour) for texture in BACKGROUNDS for colour in COLOURS])


def test_every_word_digit_and_letter_looks_different():
    signs = [Sign(text, "large", "black", "white", BOX) for text in (*WORDS, *DIGITS, *LETTERS)]
    assert all_differ([bare(words=(sign,)) for sign in signs])


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("texture", TEXTURES)
def test_an_object_has_the_colour_that_is_named(colour, texture):
    item = SceneObject("square", colour, BOX, texture=texture)
    middle = cut(bare(objects=(item,)))[20:-20, 20:-20]
    assert nearest(np.median(middle, axis=(0, 1))) == colour


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("texture", BACKGROUNDS)
def test_a_background_has_its_main_colour(colour, texture):
    for grain in range(3):
        assert nearest(pixels(bare(texture, colour, grain)).mean(axis=(0, 1))) == colour


@pytest.mark.parametrize("colour", COLOURS)
def test_the_main_colour_survives_a_photograph(colour):
    photograph = np.zeros((60, 90, 3), dtype=np.uint8)
    photograph[:, 45:] = (250, 200, 30)
    graph = bare("tiles", colour)
    seen = pixels(graph, [Image.fromarray(photograph)])
    assert nearest(seen.mean(axis=(0, 1))) == colour
    assert not np.array_equal(seen, pixels(graph))


@pytest.mark.parametrize(("text", "box"), [("SCHOOL", Box(20, 20, 150, 60)), ("BUS", Box(20, 20, 50, 32))])
def test_text_fills_its_plate_but_for_a_margin(text, box):
    sign = Sign(text, "large", "black", "white", box)
    border = max(1, box.height // 24)
    inside = cut(bare(words=(sign,)), box)[border:-border, border:-border].sum(axis=2) < 300
    ys, xs = np.nonzero(inside)
    assert np.ptp(ys) >= 0.45 * box.height
    assert np.ptp(xs) >= 0.6 * box.width
    assert not inside[[0, -1]].any()
    assert not inside[:, [0, -1]].any()


def test_stripes_run_the_way_that_is_named():
    def grey(orientation):
        panel = Panel(orientation, ("black", "white"), 16, BOX)
        return cut(bare(panel=panel)).sum(axis=2)[8:-8, 8:-8]

    def change(stripes, down, right):
        height, width = stripes.shape
        first = stripes[max(0, -down) : height - max(0, down), : width - right]
        second = stripes[max(0, down) : height - max(0, -down), right:]
        return np.abs(first - second).mean()

    ways = {"horizontal": (0, 6), "vertical": (6, 0), "rising": (-6, 6), "falling": (6, 6)}
    for orientation in ORIENTATIONS:
        stripes = grey(orientation)
        assert min(ways, key=lambda name: change(stripes, *ways[name])) == orientation


def test_light_darkens_the_far_side():
    seen = pixels(bare("clouds", "white", light=Light(100, 0, 35, 0)))
    neutral = pixels(bare("clouds", "white"))
    ratio = seen.sum(axis=(0, 2)) / neutral.sum(axis=(0, 2))
    assert ratio[0] == pytest.approx(1, abs=0.02)
    assert ratio[-1] == pytest.approx(0.65, abs=0.02)


def test_noise_has_the_deviation_that_is_asked_for():
    noise = pixels(bare("clouds", "green", light=replace(NEUTRAL, noise=6))) - pixels(bare("clouds", "green"))
    assert noise.std() == pytest.approx(6, rel=0.05)
    assert abs(noise.mean()) < 0.1


def test_grain_scales_with_the_picture_in_standard_scenes_only():
    small, large, tiled = (
        pixels(bare("bricks", "red", size=size, variant=variant)).sum(axis=2)
        for size, variant in ((224, "standard"), (448, "standard"), (448, "tiles"))
    )
    assert np.corrcoef(small.ravel(), large[::2, ::2].ravel())[0, 1] > 0.6
    assert np.corrcoef(small.ravel(), tiled[:224, :224].ravel())[0, 1] > 0.6
    assert np.corrcoef(small.ravel(), tiled[::2, ::2].ravel())[0, 1] < 0.3
