import json
from collections import Counter
from dataclasses import asdict
from hashlib import sha256
from itertools import combinations

import pytest

from cotam.levelvqa.contrast import LEAST_CONTRAST, luma
from cotam.levelvqa.layout import MOST_OVERLAP
from cotam.levelvqa.questions import questions_of
from cotam.levelvqa.sampling import sample_graph
from cotam.levelvqa.scene_graph import LARGE, SMALL

GOLDEN = {
    (0, 224, "standard"): "4e99fa65ee2200ae",
    (17, 224, "standard"): "01af9fa107edc8a8",
    (2**63, 336, "standard"): "c85e79418cbf2021",
    (2**64 - 1, 1024, "standard"): "46baefc2fd54e487",
    (5, 448, "tiles"): "29d363ee6c9375ae",
    (2**62 + 9, 1024, "tiles"): "a43430e955194476",
}


def digest(*format_):
    graph = sample_graph(*format_)
    plain = [asdict(graph), [asdict(question) for question in questions_of(graph)]]
    return sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


def signs(graph):
    return [sign for sign in (*graph.words, graph.digit, graph.letter, graph.panel) if sign]


@pytest.mark.parametrize("format_", GOLDEN)
def test_graphs_and_questions_are_the_same_on_every_machine(format_):
    assert digest(*format_) == GOLDEN[format_]


@pytest.mark.parametrize("tiles", [False, True])
def test_everything_lies_inside_the_picture(drawn, tiles):
    for graph, _ in drawn(500, tiles=tiles):
        for thing in (*graph.objects, *signs(graph)):
            assert 0 <= thing.box.x0 < thing.box.x1 <= graph.size
            assert 0 <= thing.box.y0 < thing.box.y1 <= graph.size


@pytest.mark.parametrize("tiles", [False, True])
def test_nothing_covers_a_sign_and_objects_cover_little_of_each_other(drawn, tiles):
    for graph, _ in drawn(500, tiles=tiles):
        boxes = [thing.box for thing in graph.objects]
        plates = [sign.box for sign in signs(graph)]
        assert not any(one.overlap(other) for one, other in combinations(plates, 2))
        assert not any(plate.overlap(box) for plate in plates for box in boxes)
        for one, other in combinations(boxes, 2):
            smaller = min(one.width * one.height, other.width * other.height)
            assert 100 * one.overlap(other) <= MOST_OVERLAP * smaller


def test_some_objects_overlap(drawn):
    overlapping = sum(
        any(one.box.overlap(other.box) for one, other in combinations(graph.objects, 2))
        for graph, _ in drawn(500)
    )
    assert overlapping > 100


def test_objects_differ_from_the_background_and_characters_from_their_plates(drawn):
    for graph, _ in drawn(1000):
        assert graph.background.colour not in {thing.colour for thing in graph.objects}
        for sign in (*graph.words, *filter(None, (graph.digit, graph.letter))):
            assert abs(luma(sign.colour) - luma(sign.plate)) >= LEAST_CONTRAST
            assert sign.plate != graph.background.colour
        if graph.panel:
            assert abs(luma(graph.panel.colours[0]) - luma(graph.panel.colours[1])) >= LEAST_CONTRAST


@pytest.mark.parametrize("tiles", [False, True])
def test_one_kind_leads_or_all_occur_once(drawn, tiles):
    for graph, _ in drawn(1000, tiles=tiles):
        counts = sorted(Counter(thing.kind for thing in graph.objects).values(), reverse=True)
        assert counts[0] <= 9
        assert counts[0] == 1 or len(counts) == 1 or counts[1] < counts[0]


def test_a_crowded_scene_loses_none_of_the_group(drawn):
    """Nine of a kind with four signs and four singles: sizes give way."""
    nine = [graph for graph, _ in drawn() if max(Counter(t.kind for t in graph.objects).values()) == 9]
    assert 360 < len(nine) < 530
    assert any(len(signs(graph)) >= 4 for graph in nine)


def test_words_have_sizes_and_differ(drawn):
    for graph, _ in drawn(1000):
        sizes = [word.size for word in graph.words]
        assert sizes in ([], [LARGE], [SMALL], [LARGE, SMALL])
        assert len({word.text for word in graph.words}) == len(sizes)
        for word in graph.words:
            assert (13 <= word.box.height <= 16) == (word.size == SMALL)


def test_light_keeps_its_ranges(drawn):
    for graph, _ in drawn(1000):
        light = graph.light
        assert 75 <= light.brightness <= 115
        assert 0 <= light.direction < 360
        assert 0 <= light.falloff <= 30
        assert 0 <= light.noise <= 6


@pytest.mark.parametrize("seed", range(5))
def test_a_larger_picture_shows_the_same_scene(seed):
    small, large = sample_graph(seed), sample_graph(seed, 672)
    assert [thing.kind for thing in small.objects] == [thing.kind for thing in large.objects]
    for one, other in zip(small.objects, large.objects, strict=True):
        assert [3 * edge for edge in asdict(one.box).values()] == list(asdict(other.box).values())
    asked = [(question.family, question.text, question.answer) for question in questions_of(small)]
    assert asked == [(question.family, question.text, question.answer) for question in questions_of(large)]


def test_tiles_keep_small_objects_and_have_more_of_them(drawn):
    standard, tiles = drawn(300), drawn(300, tiles=True)
    assert max(thing.box.width for graph, _ in tiles for thing in graph.objects) <= 46
    mean = [sum(len(graph.objects) for graph, _ in graphs) / 300 for graphs in (standard, tiles)]
    assert mean[1] > 1.5 * mean[0]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((-1,), "seed"),
        ((2**64,), "seed"),
        ((0, 223), "from 224 to 1024"),
        ((0, 1025), "from 224 to 1024"),
        ((0, 447, "tiles"), "from 448 to 1024"),
        ((0, 224, "huge"), "standard or tiles"),
    ],
)
def test_what_is_out_of_range_is_refused(arguments, problem):
    with pytest.raises(ValueError, match=problem):
        sample_graph(*arguments)
