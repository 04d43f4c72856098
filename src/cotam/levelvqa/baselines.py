"""What can be answered without looking: by the most frequent answer, or from the question's text."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cotam.levelvqa.questions import FAMILIES, Question


@dataclass(frozen=True)
class Baseline:
    """How far one gets without pictures in one family.

    Args:
        family: name of the family.
        level: of the features that its answers rest on.
        questions: how many were asked.
        majority: percent right with the family's most frequent answer in training.
        blind: percent right with the most frequent answer in training to the very same text.
        answer: the family's most frequent answer in training.
    """

    family: str
    level: str
    questions: int
    majority: float
    blind: float
    answer: str


class Guesser:
    """The most frequent answers of a set of questions, by family and by text.

    Args:
        questions: of training scenes.
    """

    def __init__(self, questions: Iterable[Question]) -> None:
        families: defaultdict[str, Counter[str]] = defaultdict(Counter)
        texts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for question in questions:
            families[question.family][question.answer] += 1
            texts[question.family, question.text][question.answer] += 1
        self._families: Mapping[str, str] = {name: _most(counts) for name, counts in families.items()}
        self._texts: Mapping[tuple[str, str], str] = {key: _most(counts) for key, counts in texts.items()}

    def majority(self, family: str) -> str:
        """The most frequent answer of a family; empty where none was learned."""
        return self._families.get(family, "")

    def blind(self, question: Question) -> str:
        """The most frequent answer to the same text, else of the family."""
        return self._texts.get((question.family, question.text)) or self.majority(question.family)


def measure_baselines(train: Iterable[Question], test: Iterable[Question]) -> tuple[Baseline, ...]:
    """Learn from the questions of training scenes, and answer those of others.

    Returns:
        One row for each family that occurs among ``test``, in the order of `FAMILIES`.
    """
    guesser = Guesser(train)
    asked: defaultdict[str, list[Question]] = defaultdict(list)
    for question in test:
        asked[question.family].append(question)
    return tuple(_row(guesser, name, asked[name]) for name in FAMILIES if name in asked)


def _row(guesser: Guesser, name: str, questions: list[Question]) -> Baseline:
    answer, count = guesser.majority(name), len(questions)
    majority = sum(question.answer == answer for question in questions)
    blind = sum(question.answer == guesser.blind(question) for question in questions)
    return Baseline(name, FAMILIES[name].level, count, 100 * majority / count, 100 * blind / count, answer)


def _most(counts: Counter[str]) -> str:
    """The most frequent; of equals the first in the alphabet."""
    return min(counts, key=lambda answer: (-counts[answer], answer))
