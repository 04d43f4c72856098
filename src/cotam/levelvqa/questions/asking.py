"""All questions of a scene, and the names that find scene and family again."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from cotam.levelvqa.questions import cross, high, low
from cotam.levelvqa.questions.family import Family, Question
from cotam.levelvqa.sampling import BASE_SIZE, check_format
from cotam.levelvqa.scene_graph import SceneGraph
from cotam.levelvqa.stream import MAX_SEED, Stream

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {family.name: family for family in (*low.FAMILIES, *cross.FAMILIES, *high.FAMILIES)}
)
"""Every family by its name, low levels first."""

_ID = re.compile(r"(0|[1-9][0-9]{0,19})-([a-z_]+)(?:-([1-9][0-9]{2,3}))?(-tiles)?", re.ASCII)


class QuestionId(NamedTuple):
    """What the id of a question says."""

    seed: int
    family: str
    size: int
    variant: str


def questions_of(graph: SceneGraph) -> tuple[Question, ...]:
    """Questions of a scene: at most one of each family, in the order of `FAMILIES`."""
    asked = ((family, family.ask(graph, _stream(graph, family))) for family in FAMILIES.values())
    return tuple(
        Question(question_id(graph, family.name), family.name, family.level, *found)
        for family, found in asked
        if found
    )


def find_family(name: str) -> Family:
    """The family of that name.

    Raises:
        ValueError: there is none.
    """
    if name not in FAMILIES:
        raise ValueError(f"unknown family {name!r}; there are {', '.join(FAMILIES)}")
    return FAMILIES[name]


def question_id(graph: SceneGraph, family: str) -> str:
    """The id of a scene's question: seed and family, and size and variant where they are not the usual ones."""
    size = f"-{graph.size}" if graph.size != BASE_SIZE else ""
    return f"{graph.seed}-{family}{size}{'-tiles' if graph.variant == 'tiles' else ''}"


def parse_id(text: str) -> QuestionId:
    """Read the id of a question.

    Raises:
        ValueError: it is none.
    """
    found = _ID.fullmatch(text)
    if found is None or int(found[1]) > MAX_SEED or found[3] == str(BASE_SIZE):
        raise ValueError(f"{text!r} is no id of a question such as 17-count")
    size, variant = int(found[3] or BASE_SIZE), "tiles" if found[4] else "standard"
    try:
        check_format(size, variant)
        return QuestionId(int(found[1]), find_family(found[2]).name, size, variant)
    except ValueError as error:
        raise ValueError(f"{text!r} is no id of a question: {error}") from error


def _stream(graph: SceneGraph, family: Family) -> Stream:
    return Stream(graph.seed, "question", family.name)
