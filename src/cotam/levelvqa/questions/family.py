"""A question, and a family of questions of one kind."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from cotam.levelvqa.scene_graph import SceneGraph
from cotam.levelvqa.stream import Stream

Level = Literal["low", "cross", "high"]
LEVELS: tuple[Level, ...] = ("low", "cross", "high")
"""Levels of the features that an answer rests on, as in the paper's grading of tasks."""


class Asked(NamedTuple):
    """What a family asks of one scene."""

    text: str
    answer: str


@dataclass(frozen=True)
class Question:
    """A question about one scene.

    Args:
        id: names scene and family, see `question_id`.
        family: name of the family.
        level: of the features that the answer rests on.
        text: the question.
        answer: one lower-case word or number.
    """

    id: str
    family: str
    level: Level
    text: str
    answer: str


@dataclass(frozen=True)
class Family:
    """Questions of one kind.

    Args:
        name: such as "count".
        level: of the features that answers rest on.
        ask: makes the question of a scene from its graph and a random stream of its own; None where the scene has
            nothing to ask for.
    """

    name: str
    level: Level
    ask: Callable[[SceneGraph, Stream], Asked | None]


def kind_counts(graph: SceneGraph) -> Counter[str]:
    """How many objects of each kind are in a scene."""
    return Counter(thing.kind for thing in graph.objects)
