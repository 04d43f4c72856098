"""Asking a model about scenes, as they are or as something else shows them."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from PIL import Image

from cotam.levelvqa.questions import Question
from cotam.levelvqa.scene import Scene

Answerer = Callable[[Sequence[tuple[Image.Image, str]]], Sequence[str]]
"""Answers (picture, question) pairs in order; questions on one picture stand side by side."""
SCENES_AT_A_TIME = 8


@dataclass(frozen=True)
class Answered:
    """What a model said about scenes.

    Args:
        questions: what was asked.
        answers: by id of the question.
        seconds: that the answerer took, without the drawing of scenes.
    """

    questions: tuple[Question, ...]
    answers: dict[str, str]
    seconds: float


def answer_scenes(
    answerer: Answerer, scenes: Iterable[Scene], advance: Callable[[int], None] = lambda count: None
) -> Answered:
    """Ask every question of every scene.

    Args:
        answerer: the model.
        scenes: drawn one after the other.
        advance: told how many more scenes are done.
    """
    questions: list[Question] = []
    answers: dict[str, str] = {}
    seconds = 0.0
    for group in _groups(scenes):
        asked = [(one.image, question) for one in group for question in one.questions]
        began = time.perf_counter()
        said = answerer([(image, question.text) for image, question in asked])
        seconds += time.perf_counter() - began
        questions += [question for _, question in asked]
        answers |= {question.id: answer for (_, question), answer in zip(asked, said, strict=True)}
        advance(len(group))
    return Answered(tuple(questions), answers, seconds)


def _groups(scenes: Iterable[Scene]) -> Iterable[list[Scene]]:
    group: list[Scene] = []
    for one in scenes:
        group.append(one)
        if len(group) == SCENES_AT_A_TIME:
            yield group
            group = []
    if group:
        yield group
