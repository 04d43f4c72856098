"""Every answer is derived anew from the graph and the words of the question, by other code than the package's."""

import re
from collections import Counter

import pytest

from cotam.levelvqa.questions import FAMILIES, LEVELS, find_family, parse_id, question_id, questions_of
from cotam.levelvqa.sampling import sample_graph
from cotam.levelvqa.vocabulary import COLOURS, KINDS, PLURALS

SINGULAR = {plural: kind for kind, plural in PLURALS.items()}


def words(text):
    return re.findall(r"[a-z]+", text.lower())


def named(text, vocabulary):
    return [word for word in words(text) if word in vocabulary]


def of_kind(graph, kind):
    return [thing for thing in graph.objects if thing.kind == kind]


def the(graph, kind):
    (thing,) = of_kind(graph, kind)
    return thing


def large_word(graph, text):
    return max(graph.words, key=lambda word: word.box.height).text.lower()


def small_word(graph, text):
    return min(graph.words, key=lambda word: word.box.height).text.lower()


def count(graph, text):
    (plural,) = named(text, SINGULAR)
    return str(len(of_kind(graph, SINGULAR[plural])))


def relation(graph, text):
    kinds = named(text, KINDS)
    one, other = kinds if "Where" in text else reversed(kinds)
    (x, y), (from_x, from_y) = the(graph, one).box.centre, the(graph, other).box.centre
    least = 30 if graph.variant == "tiles" else 30 * graph.size / 224
    assert max(abs(x - from_x), abs(y - from_y)) >= least
    sides = {"left": from_x - x, "right": x - from_x, "above": from_y - y, "below": y - from_y}
    answer = max(sides, key=lambda side: sides[side])
    other_axis = y - from_y if answer in ("left", "right") else x - from_x
    assert sides[answer] >= 1.5 * abs(other_axis)
    return answer


def object_colour(graph, text):
    return the(graph, *named(text, KINDS)).colour


def coloured_object(graph, text):
    (colour,) = named(text, COLOURS)
    (thing,) = [thing for thing in graph.objects if thing.colour == colour]
    return thing.kind


def exists(graph, text):
    (colour,), (kind,) = named(text, COLOURS), named(text, KINDS)
    assert of_kind(graph, kind), "the kind is there in any case"
    assert any(thing.colour == colour for thing in graph.objects), "and so is the colour"
    return "yes" if any(thing.colour == colour for thing in of_kind(graph, kind)) else "no"


def most_frequent(graph, text):
    (kind, most), *others = Counter(thing.kind for thing in graph.objects).most_common()
    assert most >= 3
    assert all(number < most for _, number in others)
    return kind


TRUTH = {
    "large_word": large_word,
    "main_colour": lambda graph, text: graph.background.colour,
    "stripes": lambda graph, text: graph.panel.orientation,
    "digit": lambda graph, text: graph.digit.text,
    "count": count,
    "small_word": small_word,
    "relation": relation,
    "object_colour": object_colour,
    "coloured_object": coloured_object,
    "background": lambda graph, text: graph.background.texture,
    "exists": exists,
    "most_frequent": most_frequent,
}


@pytest.mark.parametrize("tiles", [False, True])
@pytest.mark.parametrize("family", TRUTH)
def test_every_answer_follows_from_the_graph(drawn, family, tiles):
    asked = [
        (graph, question)
        for graph, questions in drawn(1000, tiles=tiles)
        for question in questions
        if question.family == family
    ]
    assert len(asked) > 250
    for graph, question in asked:
        assert question.answer == TRUTH[family](graph, question.text)


def test_every_family_has_a_level_and_is_checked_here():
    assert set(FAMILIES) == set(TRUTH)
    assert {family.level for family in FAMILIES.values()} == set(LEVELS)
    assert all(family.name == name for name, family in FAMILIES.items())


def test_words_are_asked_for_where_there_are_some(drawn):
    for graph, questions in drawn(300):
        asked = {question.family for question in questions}
        assert {f"{word.size}_word" for word in graph.words} == asked & {"large_word", "small_word"}
        assert ("digit" in asked) == (graph.digit is not None)
        assert ("stripes" in asked) == (graph.panel is not None)


def test_answers_are_one_short_lower_case_word(drawn):
    for _, questions in drawn(300):
        for question in questions:
            assert re.fullmatch(r"[a-z]+|[0-9]", question.answer)


def test_ids_name_scene_and_family(drawn):
    for graph, questions in (*drawn(50), *drawn(50, tiles=True)):
        for question in questions:
            parsed = parse_id(question.id)
            assert parsed == (graph.seed, question.family, graph.size, graph.variant)
            assert question.id == question_id(graph, question.family)


def test_an_id_has_size_and_variant_only_where_they_are_unusual():
    assert question_id(sample_graph(7), "count") == "7-count"
    assert question_id(sample_graph(7, 336), "count") == "7-count-336"
    assert question_id(sample_graph(7, 448, "tiles"), "count") == "7-count-448-tiles"


@pytest.mark.parametrize(
    "text",
    [
        "", "count", "7", "7-counts", "07-count", "-7-count", "7-count-224", "7-count-tiles", "7-count-100",
        "7-count-300-tiles", f"{2**64}-count", "7-count ", "٧-count", "7-count-2000",
    ],
)  # fmt: skip
def test_what_is_no_id_is_refused(text):
    with pytest.raises(ValueError, match="no id of a question"):
        parse_id(text)


def test_an_unknown_family_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"unknown family 'colour'; there are large_word, main_colour"):
        find_family("colour")


def test_a_graph_gives_the_same_questions_again():
    graph = sample_graph(11)
    assert questions_of(graph) == questions_of(sample_graph(11))
