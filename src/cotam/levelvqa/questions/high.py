"""High level: what class of scene it is, what is in it, and what there is most of."""

from itertools import product

from cotam.levelvqa.questions.family import Asked, Family, kind_counts
from cotam.levelvqa.scene_graph import SceneGraph
from cotam.levelvqa.stream import Stream

LEAST_FREQUENT = 3
"""Members of the kind that is called the most frequent."""


def _background(graph: SceneGraph, stream: Stream) -> Asked:
    texts = "What is the background made of?", "What kind of background is this?"
    return Asked(stream.choice(texts), graph.background.texture)


def _exists(graph: SceneGraph, stream: Stream) -> Asked | None:
    """Yes or no is drawn first; for "no" kind and colour are both there, but on different objects.

    Kinds and colours are drawn alike for both answers, so the words of the question give nothing away.
    """
    there = {(thing.colour, thing.kind) for thing in graph.objects}
    colours, kinds = zip(*there, strict=True)
    apart = set(product(colours, kinds)) - there
    if not apart:
        return None
    answer = stream.choice(("yes", "no"))
    colour, kind = stream.choice(sorted(there if answer == "yes" else apart))
    article = "an" if colour[0] in "aeiou" else "a"
    texts = f"Is there {article} {colour} {kind}?", f"Can you see {article} {colour} {kind}?"
    return Asked(stream.choice(texts), answer)


def _most_frequent(graph: SceneGraph, stream: Stream) -> Asked | None:
    (kind, most), *rest = kind_counts(graph).most_common(2)
    if most < LEAST_FREQUENT or (rest and rest[0][1] == most):
        return None
    texts = "Which kind of object is the most frequent?", "What is there most of?"
    return Asked(stream.choice(texts), kind)


FAMILIES = (
    Family("background", "high", _background),
    Family("exists", "high", _exists),
    Family("most_frequent", "high", _most_frequent),
)
