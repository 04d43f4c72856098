"""From answers to numbers: what was asked and what was right, scene by scene, and all of it resampled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cotam.evaluation.accuracy.cache import Entry
from cotam.levelvqa import FAMILIES, LEVELS, Question
from cotam.levelvqa.normalising import normalised

RESAMPLES = 1000
SEED = 0
INTERVAL = (2.5, 97.5)
"""Percentiles that bound what is resampled."""

Table = NDArray[np.float64]
OVERALL = "overall"


@dataclass(frozen=True)
class Resampled:
    """Scenes drawn with replacement, the same ones for every method and rate: what makes the bootstrap paired."""

    asked: Table
    """Questions (scenes, families)."""
    draws: Table
    """How often each scene is drawn, (resamples, scenes)."""
    groups: Mapping[str, tuple[int, ...]]
    """Families, by their places, of ``overall``, each level and each family that occurs, in this order."""

    @classmethod
    def of(cls, questions: Sequence[tuple[Question, ...]]) -> "Resampled":
        """Draw the scenes that these questions are about."""
        asked = np.zeros((len(questions), len(FAMILIES)))
        places = {name: place for place, name in enumerate(FAMILIES)}
        for row, own in enumerate(questions):
            for question in own:
                asked[row, places[question.family]] += 1
        generator, scenes = np.random.default_rng(SEED), len(questions)
        draws = [
            np.bincount(generator.integers(scenes, size=scenes), minlength=scenes) for _ in range(RESAMPLES)
        ]
        return cls(asked, np.stack(draws).astype(np.float64), _groups(asked))

    def means(self, values: Table) -> Table:
        """Mean of a value of each scene over the scenes of each resample."""
        return np.asarray(self.draws @ values / values.size)

    def accuracies(self, right: Table, group: str) -> tuple[float, Table]:
        """Percent right of a group's questions, as measured, and in each resample where any is asked, else NaN."""
        columns = list(self.groups[group])
        hits, totals = right[:, columns].sum(1), self.asked[:, columns].sum(1)
        drawn = self.draws @ totals
        shares = np.divide(100 * (self.draws @ hits), drawn, out=np.full_like(drawn, np.nan), where=drawn > 0)
        return 100 * float(hits.sum()) / float(totals.sum()), shares


def rights(questions: Sequence[tuple[Question, ...]], entries: Sequence[Entry]) -> Table:
    """Questions answered rightly, (scenes, families)."""
    right = np.zeros((len(questions), len(FAMILIES)))
    places = {name: place for place, name in enumerate(FAMILIES)}
    for row, (own, entry) in enumerate(zip(questions, entries, strict=True)):
        for question in own:
            said = entry.answers[question.family]
            right[row, places[question.family]] += normalised(said) == normalised(question.answer)
    return right


def bounds(values: Table) -> tuple[float, float]:
    """The interval of resampled values."""
    low, high = (float(bound) for bound in np.nanpercentile(values, INTERVAL))
    return low, high


def _groups(asked: Table) -> dict[str, tuple[int, ...]]:
    present = [(place, family) for place, family in enumerate(FAMILIES.values()) if asked[:, place].any()]
    levels = {level: tuple(place for place, family in present if family.level == level) for level in LEVELS}
    return {
        OVERALL: tuple(place for place, _ in present),
        **{level: places for level, places in levels.items() if places},
        **{family.name: (place,) for place, family in present},
    }
