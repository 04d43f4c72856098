"""Many short facts about a scene, packed like questions.

Questions ask for about five objects a scene, too few for a small language model to find out in a short time that it
can look a thing up in the picture by its name. Facts name every object; only what is to be looked up is learned.
"""

from collections import Counter
from dataclasses import replace
from itertools import permutations, product
from typing import Any

from cotam.levelvqa.questions.cross import LEAST_DISTANCE, relation
from cotam.levelvqa.questions.family import kind_counts
from cotam.levelvqa.scene_graph import SceneGraph
from cotam.levelvqa.stream import Stream
from cotam.levelvqa.vocabulary import PLURALS
from cotam.training.levelvqa.dialogue import Packed, Template, pack

FACT_TOKENS = 128
"""Tokens kept for a scene's facts."""
MOST = 6
"""Relations of a scene, and combinations of colour and kind that are there, and that are not."""

Fact = tuple[str, str]
"""What it is about, and what is to be looked up."""


def facts(graph: SceneGraph, stream: Stream) -> list[Fact]:
    """What can be said about a scene, in a random order, as far as it fits."""
    counts, colours = kind_counts(graph), Counter(thing.colour for thing in graph.objects)
    singles = [thing for thing in graph.objects if counts[thing.kind] == 1]
    told = [(f"colour {thing.kind}", thing.colour) for thing in singles]
    told += [(f"kind {thing.colour}", thing.kind) for thing in graph.objects if colours[thing.colour] == 1]
    told += [(f"many {PLURALS[kind]}", str(count)) for kind, count in counts.items()]
    there = {(thing.colour, thing.kind) for thing in graph.objects}
    apart = sorted(set(product(colours, counts)) - there)
    for found, pairs in (("yes", sorted(there)), ("no", apart)):
        told += [
            (f"a {colour} {kind}", found) for colour, kind in stream.shuffled(pairs)[: len(apart)][:MOST]
        ]
    for thing in singles:
        x, y = thing.box.centre
        told += [(f"across {thing.kind}", _tenth(x, graph)), (f"down {thing.kind}", _tenth(y, graph))]
    placed = (
        (
            stream.choice((f"from {other.kind} {one.kind}", f"where {one.kind} from {other.kind}")),
            relation(one.box, other.box, LEAST_DISTANCE),
        )
        for one, other in stream.shuffled(list(permutations(singles, 2)))
    )
    told += [(about, place) for about, place in placed if place is not None][:MOST]
    return stream.shuffled(told)


def _tenth(place: float, graph: SceneGraph) -> str:
    """A coordinate in tenths of the picture, 0 to 9."""
    return str(min(int(10 * place / graph.size), 9))


def pack_facts(
    tokenizer: Any, template: Template, told: list[Fact], first: int, length: int = FACT_TOKENS
) -> Packed:
    """Pack facts, each by itself after the picture, into ``length`` tokens; ``first`` is the number of the first."""
    bare = replace(template, before_question=" ", before_answer="", end="")
    return pack(tokenizer, bare, told, length, first)
