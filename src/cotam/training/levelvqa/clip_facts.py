"""Short facts about a clip, and where in its pictures an answer is to be seen.

As with scenes (`facts`), questions alone ask for too little of what a clip shows. Each fact and each question comes
with the patches that its answer rests on, which the language model is told to look at (`comparing`).
"""

import re
from collections import Counter
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np

from cotam.levelvqa.clips import ClipGraph
from cotam.levelvqa.clips.motion import direction_of
from cotam.levelvqa.questions import Question
from cotam.levelvqa.stream import Stream
from cotam.levelvqa.vocabulary import KINDS, PLURALS
from cotam.training.levelvqa.changes import MOVES, Changes

EVENTS_OF = MappingProxyType(
    {
        "direction": MOVES,
        "moves": MOVES,
        "appears": ("appears",),
        "order": ("appears",),
        "vanishes": ("vanishes",),
        "trend": ("appears", "vanishes"),
    }
)
"""What is to be looked for to answer a family's questions."""
FIRST, LAST = 0, -1
_WORD: Final = re.compile("[a-z]+")


class Told(NamedTuple):
    """A question or a fact.

    Args:
        about: the text before what is to be looked up.
        found: what is.
        where: bool (pictures · patches,), where that is to be seen; nowhere in particular if none is.
    """

    about: str
    found: str
    where: np.ndarray


def with_place(question: Question, changes: Changes) -> Told:
    """A question about a clip, with where its answer is to be seen."""
    kind, events = _kind(question), EVENTS_OF.get(question.family, ())
    if question.family == "count_when":
        where = changes.where(kind, picture=FIRST if "beginning" in question.text else LAST)
    else:
        where = changes.where(kind, events) if events else last_picture(changes)
    return Told(question.text, question.answer, where)


def clip_facts(graph: ClipGraph, frames: list[int], changes: Changes, stream: Stream) -> list[Told]:
    """What can be said about the pictures of these frames, in a random order."""
    present = [set(graph.numbers(frame)) for frame in frames]
    kinds = Counter(thing.kind for thing in graph.scene.objects)
    told = [*_counts(graph, frames, changes), *_news(graph, present, changes)]
    for number, (thing, track) in enumerate(zip(graph.scene.objects, graph.tracks, strict=True)):
        if kinds[thing.kind] == 1:
            there = [picture for picture, numbers in enumerate(present) if number in numbers]
            event = _event(direction_of(track), there, len(frames))
            where = changes.where(thing.kind, (event,)) if event != "same" else changes.where(thing.kind)
            told.append(Told(f"way {thing.kind}", event, where))
            told.append(
                Told(f"first {thing.kind}", str(there[0] + 1), changes.where(thing.kind, picture=there[0]))
            )
            told.append(
                Told(f"last {thing.kind}", str(there[-1] + 1), changes.where(thing.kind, picture=there[-1]))
            )
            if track.moves:
                told.append(Told("moves", thing.kind, where))
    light = "same" if not graph.brightening else "brighter" if graph.brightening > 0 else "darker"
    told.append(Told("light", light, last_picture(changes)))
    return stream.shuffled(told)


def last_picture(changes: Changes) -> np.ndarray:
    """All patches of it: where the light is to be seen."""
    where = np.zeros(changes.things.shape, bool)
    where[LAST] = True
    return where.ravel()


def _event(way: str | None, there: list[int], pictures: int) -> str:
    if there[0] > 0:
        return "appears"
    return "vanishes" if there[-1] < pictures - 1 else way or "same"


def _counts(graph: ClipGraph, frames: list[int], changes: Changes) -> Iterator[Told]:
    """How many there are at both ends, and what becomes of them, of kinds that there are several of."""
    whole = Counter(thing.kind for thing in graph.scene.objects)
    ends = [Counter(thing.kind for thing in graph.at(frame).objects) for frame in (frames[0], frames[-1])]
    for kind in (kind for kind in whole if whole[kind] > 1):
        first, last = (count[kind] for count in ends)
        name = PLURALS[kind]
        yield Told(f"beginning {name}", str(first), changes.where(kind, picture=FIRST))
        yield Told(f"end {name}", str(last), changes.where(kind, picture=LAST))
        trend = "same" if first == last else "more" if last > first else "fewer"
        yield Told(f"become {name}", trend, changes.where(kind, EVENTS_OF["trend"]))


def _news(graph: ClipGraph, present: list[set[int]], changes: Changes) -> Iterator[Told]:
    """What comes and goes from one picture to the next, where it is of one kind."""
    for picture in range(1, len(present)):
        came, gone = present[picture] - present[picture - 1], present[picture - 1] - present[picture]
        for word, event, numbers in (("new", "appears", came), ("gone", "vanishes", gone)):
            kinds = {graph.scene.objects[number].kind for number in numbers}
            if len(kinds) == 1:
                kind = kinds.pop()
                yield Told(f"{word} {picture + 1}", kind, changes.where(kind, (event,), picture))


def _kind(question: Question) -> str:
    """The kind that a question is about: its answer, or the only one that it names."""
    if question.answer in KINDS:
        return question.answer
    words = set(_WORD.findall(question.text))
    return next((kind for kind in KINDS if words & {kind, PLURALS[kind]}), KINDS[0])
