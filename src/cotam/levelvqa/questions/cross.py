"""Cross level: small strokes, numbers, places, and which attribute goes with which object."""

from collections import Counter
from itertools import permutations

from cotam.levelvqa.questions.family import Asked, Family, kind_counts
from cotam.levelvqa.sampling import BASE_SIZE
from cotam.levelvqa.scene_graph import SMALL, Box, SceneGraph, SceneObject
from cotam.levelvqa.stream import Stream
from cotam.levelvqa.vocabulary import PLURALS, RELATIONS

LEAST_DISTANCE = 30
"""Pixels, in a picture of 224, between the middles of two objects whose relation is asked for."""
DOMINANCE = 1.5
"""How many times farther they must be apart along one axis than along the other."""


def _count(graph: SceneGraph, stream: Stream) -> Asked | None:
    """The kind that leads is asked for, so that answers are as uniform as the group's sizes."""
    counts = kind_counts(graph)
    most = max(counts.values())
    kind = stream.choice(sorted(kind for kind in counts if counts[kind] == most))
    name = PLURALS[kind]
    texts = f"How many {name} are there?", f"How many {name} can you see?", f"Count the {name}."
    return Asked(stream.choice(texts), str(most))


def _small_word(graph: SceneGraph, stream: Stream) -> Asked | None:
    words = [word.text.lower() for word in graph.words if word.size == SMALL]
    texts = "What does the small word say?", "Which word is written in small letters?", "Read the small word."
    return Asked(stream.choice(texts), words[0]) if words else None


def _relation(graph: SceneGraph, stream: Stream) -> Asked | None:
    """The answer is drawn first, then a pair that has it: all four are as likely."""
    wanted = stream.choice(RELATIONS)
    least = LEAST_DISTANCE * (graph.size / BASE_SIZE if graph.variant == "standard" else 1)
    pairs = [
        (one.kind, other.kind)
        for one, other in permutations(_singles(graph), 2)
        if relation(one.box, other.box, least) == wanted
    ]
    if not pairs:
        return None
    one, other = stream.choice(pairs)
    texts = f"Where is the {one}, seen from the {other}?", f"On which side of the {other} is the {one}?"
    return Asked(stream.choice(texts), wanted)


def relation(box: Box, origin: Box, least: float) -> str | None:
    """Where ``box`` is, seen from ``origin``; None where they are too close or too much on a diagonal."""
    (x, y), (from_x, from_y) = box.centre, origin.centre
    across, down = x - from_x, y - from_y
    if abs(across) >= max(least, DOMINANCE * abs(down)):
        return "left" if across < 0 else "right"
    if abs(down) >= max(least, DOMINANCE * abs(across)):
        return "above" if down < 0 else "below"
    return None


def _object_colour(graph: SceneGraph, stream: Stream) -> Asked | None:
    singles = _singles(graph)
    if not singles:
        return None
    thing = stream.choice(singles)
    texts = f"What colour is the {thing.kind}?", f"What is the colour of the {thing.kind}?"
    return Asked(stream.choice(texts), thing.colour)


def _coloured_object(graph: SceneGraph, stream: Stream) -> Asked | None:
    counts = Counter(thing.colour for thing in graph.objects)
    things = [thing for thing in graph.objects if counts[thing.colour] == 1]
    if not things:
        return None
    thing = stream.choice(things)
    texts = f"Which object is {thing.colour}?", f"What kind of object is {thing.colour}?"
    return Asked(stream.choice(texts), thing.kind)


def _singles(graph: SceneGraph) -> list[SceneObject]:
    """Objects that are alone of their kind."""
    counts = kind_counts(graph)
    return [thing for thing in graph.objects if counts[thing.kind] == 1]


FAMILIES = (
    Family("count", "cross", _count),
    Family("small_word", "cross", _small_word),
    Family("relation", "cross", _relation),
    Family("object_colour", "cross", _object_colour),
    Family("coloured_object", "cross", _coloured_object),
)
