"""Accuracy of answers by family, level and overall, with intervals from resampled scenes."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cotam.levelvqa.normalising import normalised
from cotam.levelvqa.questions import FAMILIES, LEVELS, Level, Question, parse_id

RESAMPLES = 1000
INTERVAL = (2.5, 97.5)
"""Percentiles of the bootstrap that bound an accuracy."""


@dataclass(frozen=True)
class Accuracy:
    """Share of right answers.

    Args:
        questions: how many were asked.
        right: how many were answered rightly.
        percent: 100 · right / questions.
        low: lower end of the 95 % interval over scenes, in percent.
        high: upper end of it.
    """

    questions: int
    right: int
    percent: float
    low: float
    high: float


@dataclass(frozen=True)
class Report:
    """Accuracy of a set of answers; `dataclasses.asdict` makes it plain.

    Args:
        scenes: how many scenes were asked about.
        overall: all questions together.
        levels: by level, of those that occur.
        families: by family, of those that occur.
    """

    scenes: int
    overall: Accuracy
    levels: Mapping[str, Accuracy]
    families: Mapping[str, Accuracy]


SCENE_LEVELS: Mapping[str, Level] = {name: family.level for name, family in FAMILIES.items()}
"""Levels of the families of questions about single scenes."""


def scene_of(question: str) -> Hashable:
    """What tells the scene of a question's id from others."""
    seed, _, size, variant = parse_id(question)
    return seed, size, variant


def score(
    answers: Mapping[str, str],
    questions: Sequence[Question],
    *,
    seed: int = 0,
    levels: Mapping[str, Level] = SCENE_LEVELS,
    scene_of: Callable[[str], Hashable] = scene_of,
) -> Report:
    """Compare answers with the truth.

    Args:
        answers: by the id of the question; compared after `normalised`.
        questions: all that was asked, at least one.
        seed: of the bootstrap, which draws whole scenes with replacement.
        levels: of the families that there are, by name.
        scene_of: tells by a question's id which scene it is about.

    Raises:
        ValueError: a question has no answer, an answer no question, or there is no question.
    """
    if not questions:
        raise ValueError("there is no question to score")
    check_complete(answers, [question.id for question in questions])
    names = list(levels)
    asked, right = _tables(answers, questions, names, scene_of)
    drawn_asked, drawn_right = _resampled(asked, right, seed)

    def accuracy(chosen: list[int]) -> Accuracy:
        totals, hits = drawn_asked[:, chosen].sum(1), drawn_right[:, chosen].sum(1)
        shares = 100 * hits[totals > 0] / totals[totals > 0]
        low, high = (float(np.percentile(shares, percentile)) for percentile in INTERVAL)
        count, good = int(asked[:, chosen].sum()), int(right[:, chosen].sum())
        return Accuracy(count, good, 100 * good / count, low, high)

    present = [column for column in range(len(names)) if asked[:, column].any()]
    by_level = {level: [c for c in present if levels[names[c]] == level] for level in LEVELS}
    return Report(
        scenes=len(asked),
        overall=accuracy(present),
        levels={level: accuracy(chosen) for level, chosen in by_level.items() if chosen},
        families={names[column]: accuracy([column]) for column in present},
    )


def check_complete(answers: Iterable[str], questions: Iterable[str]) -> None:
    """Refuse answers that do not fit the questions one to one; both are ids.

    Raises:
        ValueError: naming the first id that is missing or unknown.
    """
    given, wanted = list(answers), list(questions)
    unknown = _first(given, set(wanted))
    if unknown:
        raise ValueError(f"no such question: {unknown}")
    missing = _first(wanted, set(given))
    if missing:
        raise ValueError(f"no answer to {missing}")


def _first(ids: list[str], known: set[str]) -> str:
    found = [name for name in ids if name not in known]
    more = f" (and {len(found) - 1:,} more)" if len(found) > 1 else ""
    return f"{found[0]}{more}" if found else ""


def _tables(
    answers: Mapping[str, str],
    questions: Sequence[Question],
    names: Sequence[str],
    scene_of: Callable[[str], Hashable],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Questions asked and rightly answered, (scenes, families)."""
    columns = {name: column for column, name in enumerate(names)}
    keys = [scene_of(question.id) for question in questions]
    scenes = {key: row for row, key in enumerate(dict.fromkeys(keys))}
    asked, right = np.zeros((2, len(scenes), len(names)))
    for question, key in zip(questions, keys, strict=True):
        place = scenes[key], columns[question.family]
        asked[place] += 1
        right[place] += normalised(answers[question.id]) == normalised(question.answer)
    return asked, right


def _resampled(
    asked: NDArray[np.float64], right: NDArray[np.float64], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both tables summed over scenes drawn with replacement, (RESAMPLES, families)."""
    generator, scenes = np.random.default_rng(seed), len(asked)
    draws = (np.bincount(generator.integers(scenes, size=scenes), minlength=scenes) for _ in range(RESAMPLES))
    sums = np.stack([drawn.astype(np.float64) @ np.hstack([asked, right]) for drawn in draws])
    first, second = np.hsplit(sums, 2)
    return first, second
