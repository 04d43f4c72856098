"""Clips of a seed: what happens in them is what is drawn, asked and scored."""

import re
from collections import Counter

import numpy as np
import pytest

from cotam.levelvqa.clips import CLIP_FAMILIES, clip, sample_clip, score_clips
from cotam.levelvqa.clips.motion import DIRECTIONS, LEAST_TRAVEL
from cotam.levelvqa.clips.questions import clip_of, questions_of_clip
from cotam.levelvqa.layout import MARGIN
from cotam.levelvqa.vocabulary import PLURALS

SEEDS = range(300)


@pytest.fixture(scope="module")
def graphs():
    return [sample_clip(seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def asked(graphs):
    """Pairs of a clip's graph and a question about it."""
    return [(graph, question) for graph in graphs for question in questions_of_clip(graph)]


def test_a_seed_has_one_clip(graphs):
    assert [sample_clip(seed) for seed in range(20)] == graphs[:20]
    one, again = clip(7), clip(7)
    assert np.array_equal(one.image(5), again.image(5))
    assert one.questions == again.questions


def test_what_moves_stays_in_the_picture_and_ends_on_a_free_place(graphs):
    moving = [(g, n) for g in graphs for n, track in enumerate(g.tracks) if track.moves]
    assert len(moving) > 150
    for graph, number in moving:
        place = graph.numbers(graph.frames - 1).index(number)
        boxes = [thing.box for thing in graph.at(graph.frames - 1).objects]
        box = boxes.pop(place)
        assert min(box.x0, box.y0) >= MARGIN
        assert max(box.x1, box.y1) <= 224 - MARGIN
        assert not any(box.overlap(other) for other in boxes)
        track = graph.tracks[number]
        assert abs(track.across) + abs(track.down) >= LEAST_TRAVEL


def test_directions_are_those_of_the_boxes(asked):
    found = Counter()
    for graph, question in asked:
        if question.family == "direction":
            number = next(n for n, track in enumerate(graph.tracks) if track.moves)
            first, last = (
                graph.at(f).objects[graph.numbers(f).index(number)].box for f in (0, graph.frames - 1)
            )
            signs = int(np.sign(last.x0 - first.x0)), int(np.sign(last.y0 - first.y0))
            assert DIRECTIONS[question.answer] == signs
            found[question.answer] += 1
    assert min(found[name] for name in DIRECTIONS) > 0.15 * found.total()


def named(text: str) -> str:
    """The kind whose plural stands in a question."""
    words = text.rstrip("?.").split()
    return next(kind for kind, plural in PLURALS.items() if plural in words)


def test_counts_trends_and_orders_are_those_of_the_frames(asked):
    for graph, question in asked:
        kinds = [[thing.kind for thing in graph.at(f).objects] for f in range(graph.frames)]
        if question.family == "count_when":
            frame = kinds[0] if "beginning" in question.text else kinds[-1]
            assert frame.count(named(question.text)) == int(question.answer)
        if question.family == "trend":
            kind, sign = named(question.text), {"more": 1, "fewer": -1}[question.answer]
            assert sign * (kinds[-1].count(kind) - kinds[0].count(kind)) > 0
        if question.family == "order":
            one, other = re.search(r"the (\w+) or the (\w+)\?", question.text).groups()
            first = [next(f for f, frame in enumerate(kinds) if kind in frame) for kind in (one, other)]
            assert first[0] != first[1]
            assert question.answer == (one if first[0] < first[1] else other)
        if question.family in ("appears", "vanishes"):
            assert kinds[0].count(question.answer) != kinds[-1].count(question.answer)


def test_every_family_is_asked_often_and_no_answer_leads_by_much(asked):
    for name in CLIP_FAMILIES:
        answers = Counter(question.answer for _, question in asked if question.family == name)
        assert answers.total() > 0.1 * len(SEEDS), name
        if len(answers) == 2:
            assert max(answers.values()) < 0.65 * answers.total(), name


def test_frames_differ_only_by_noise_where_nothing_happens():
    quiet = next(
        g
        for g in map(sample_clip, range(2000))
        if not g.brightening and not any(t.moves or t.appears or t.vanishes < g.frames for t in g.tracks)
    )
    made = clip(quiet.scene.seed)
    first, last = (np.asarray(made.image(f)).astype(int) for f in (0, 15))
    assert np.abs(first - last).mean() < 3 * quiet.scene.light.noise + 1


def test_things_that_vanish_leave_the_look_of_the_others_alone(graphs):
    graph = next(g for g in graphs if any(t.appears for t in g.tracks) and not g.brightening)
    hidden = next(n for n, t in enumerate(graph.tracks) if t.appears)
    before, after = graph.at(graph.tracks[hidden].appears - 1), graph.at(graph.tracks[hidden].appears)
    made = clip(graph.scene.seed)
    frames = [np.asarray(made.image(graph.tracks[hidden].appears - k)).astype(int) for k in (1, 0)]
    assert len(after.objects) > len(before.objects)
    changed = np.abs(frames[0] - frames[1]).max(-1) > 4 * graph.scene.light.noise + 12
    new = [t.box for t in after.objects if t.box not in {o.box for o in before.objects}]
    outside = changed.copy()
    for box in [*new, *(t.box for t in before.objects if t.box not in {o.box for o in after.objects})]:
        outside[box.y0 : box.y1, box.x0 : box.x1] = False
    assert outside.mean() < 0.01


def test_right_answers_score_100_and_wrong_ones_0(asked):
    questions = [question for _, question in asked[:200]]
    right = score_clips({q.id: q.answer.upper() for q in questions}, questions)
    assert (right.overall.percent, set(right.levels)) == (100.0, {"low", "cross", "high"})
    assert right.scenes == len({q.id.partition("-")[0] for q in questions})
    assert score_clips({q.id: "nothing" for q in questions}, questions).overall.percent == 0


def test_ids_name_their_clip(asked):
    assert {clip_of(question.id)[1:] for _, question in asked} == {(16, 224)}
    assert len({question.id for _, question in asked}) == len(asked)
    for text in ("17-count", "17-clip_nothing-16-224", "17-clip_order-16", "-1-clip_order-16-224"):
        with pytest.raises(ValueError, match="is no id of a question about a clip"):
            clip_of(text)


def test_too_few_frames_are_refused():
    with pytest.raises(ValueError, match="frames of a clip must be 4 to 256, not 3"):
        sample_clip(0, 3)
