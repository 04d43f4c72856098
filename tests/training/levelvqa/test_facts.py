"""Facts are true, and only what is to be looked up is learned."""

from collections import Counter

import pytest

from cotam.levelvqa.questions.cross import LEAST_DISTANCE, relation
from cotam.levelvqa.sampling import sample_graph
from cotam.levelvqa.stream import Stream
from cotam.levelvqa.vocabulary import PLURALS
from cotam.training.levelvqa.dialogue import IGNORED
from cotam.training.levelvqa.facts import FACT_TOKENS, facts, pack_facts

SEEDS = range(100, 140)


def truth(graph, about: str) -> set[str]:
    """What can be said about this, by going through all objects."""
    objects, (word, *rest) = graph.objects, about.split(" ", 1)
    name = rest[0]
    if word == "colour":
        return {thing.colour for thing in objects if thing.kind == name}
    if word == "kind":
        return {thing.kind for thing in objects if thing.colour == name}
    if word == "many":
        return {str(sum(PLURALS[thing.kind] == name for thing in objects))}
    if word == "a":
        return {"yes" if any(f"{thing.colour} {thing.kind}" == name for thing in objects) else "no"}
    if word in ("across", "down"):
        axis = ("across", "down").index(word)
        middles = [thing.box.centre[axis] for thing in objects if thing.kind == name]
        return {str(int(middle // (graph.size / 10))) for middle in middles}
    boxes = {thing.kind: thing.box for thing in objects}
    pairs = [(one, other) for one in boxes for other in boxes if f"{other} {one}" == name]
    if word == "where":
        one, _, other = name.split()
        return {relation(boxes[one], boxes[other], LEAST_DISTANCE)}
    return {relation(boxes[one], boxes[other], LEAST_DISTANCE) for one, other in pairs}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_fact_is_true_and_there_is_one_answer(seed):
    graph = sample_graph(seed)
    told = facts(graph, Stream(seed, "facts"))
    assert told
    for about, found in told:
        assert truth(graph, about) == {found}, about
    assert len(set(told)) == len(told)


def test_facts_ask_for_all_that_questions_look_up():
    words = Counter(
        about.split()[0] for seed in SEEDS for about, _ in facts(sample_graph(seed), Stream(seed))
    )
    assert set(words) == {"colour", "kind", "many", "a", "from", "where", "across", "down"}
    assert min(words.values()) > 20
    found = Counter(
        found
        for seed in SEEDS
        for about, found in facts(sample_graph(seed), Stream(seed))
        if about[:2] == "a "
    )
    assert 0.7 < found["yes"] / found["no"] < 1.3


def test_a_packed_fact_stands_alone_after_the_picture(task):
    maker = task.maker
    packed = pack_facts(maker.tokenizer, maker.template, [("colour star", "red"), ("many stars", "1")], 7)
    assert len(packed.tokens) == FACT_TOKENS
    for segment, text, target in ((7, " colour star red", " red"), (8, " many stars 1", " 1")):
        its = packed.segments == segment
        assert maker.tokenizer.decode(packed.tokens[its]) == text
        targets = packed.targets[its]
        assert maker.tokenizer.decode(targets[targets != IGNORED]) == target
        assert packed.positions[its][0] == len(maker.template.prefix)


def test_facts_follow_the_questions_of_a_batch(task):
    batch = task.maker.batch([3])
    questions = len(task.maker.questions(sample_graph(3, size=task.maker.size)))
    told = facts(sample_graph(3, size=task.maker.size), Stream(3, "facts", str(task.maker.seed)))
    assert questions < int(batch.segments.max()) <= questions + len(told)
