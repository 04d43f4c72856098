"""Accuracy by level of a model's answers on LevelVQA, to stand beside the curves."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cotam.errors import DatasetError
from cotam.levelvqa.answer_files import ORIGINAL, read_answers
from cotam.levelvqa.scoring import Accuracy, score


@dataclass(frozen=True)
class ConditionAccuracy:
    """How well a model answers on pictures of one codec at one rate.

    Args:
        codec: its name; "original" for pictures that were not coded.
        bpp: their rate; None for the originals.
        levels: by level.
    """

    codec: str
    bpp: float | None
    levels: dict[str, Accuracy]


SUFFIX: Final = ".jsonl"


def read_accuracies(texts: Iterable[str]) -> list[ConditionAccuracy]:
    """Read and score files of answers, and folders of them.

    Args:
        texts: what `read_accuracy` takes, or folders as ``cotam eval levelvqa --answers`` writes them; there, files
            with names of another form are left out.

    Raises:
        What `read_accuracy` raises; DatasetError: a folder holds no such file.
    """
    found = []
    for text in texts:
        folder = Path(text)
        if not folder.is_dir():
            found.append(read_accuracy(text))
            continue
        files = [path for path in sorted(folder.glob(f"*{SUFFIX}")) if _is_condition(path.stem)]
        if not files:
            raise DatasetError(f"{folder}: holds no {ORIGINAL}{SUFFIX} and no CODEC@BPP{SUFFIX}")
        found += [read_accuracy(f"{path.stem}={path}") for path in files]
    return found


def _is_condition(name: str) -> bool:
    codec, _, rate = name.partition("@")
    return name == ORIGINAL or bool(codec and re.fullmatch(r"\d*\.?\d+", rate))


def read_accuracy(text: str) -> ConditionAccuracy:
    """Read and score one file of answers.

    Args:
        text: ``original=FILE`` or ``CODEC@BPP=FILE``; the file as `cotam levelvqa score` takes it.

    Raises:
        ValueError: the text is neither.
        DatasetError: the file cannot be read, or does not fit its questions.
    """
    name, equals, file = text.partition("=")
    codec, at, rate = name.partition("@")
    try:
        bpp = float(rate) if at else None
    except ValueError:
        bpp = 0.0
    if (
        not (equals and file and codec)
        or (bpp is None) != (codec == ORIGINAL)
        or (bpp is not None and not bpp > 0)
    ):
        raise ValueError(
            f"answers must be original=FILE or CODEC@BPP=FILE such as jpeg@0.2=FILE, not {text!r}"
        )
    return ConditionAccuracy(codec, bpp, dict(score(*read_answers(Path(file))).levels))


def losses(rows: Sequence[ConditionAccuracy]) -> dict[tuple[str, float], dict[str, float]]:
    """Percentage points that each level loses against the originals, by codec and rate; none without originals."""
    originals = [row for row in rows if row.codec == ORIGINAL]
    if not originals:
        return {}
    before = originals[0].levels
    return {
        (row.codec, row.bpp): {
            level: before[level].percent - accuracy.percent
            for level, accuracy in row.levels.items()
            if level in before
        }
        for row in rows
        if row.bpp is not None
    }
