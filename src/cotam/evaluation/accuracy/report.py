"""The report of ``cotam eval levelvqa`` as plain values. Two runs give the same but for what is in ``timings``."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any, Final

from cotam.evaluation.accuracy.cache import Entry
from cotam.evaluation.accuracy.figures import (
    Figures,
    accuracy_row,
    bd_rows,
    difference_rows,
    figures,
    similarity_means,
)
from cotam.evaluation.accuracy.plan import Plan, Rate
from cotam.evaluation.accuracy.run import Measured
from cotam.evaluation.accuracy.tables import OVERALL, RESAMPLES
from cotam.levelvqa import FAMILIES, LEVELS
from cotam.levelvqa.answer_files import ORIGINAL, write_answers

SIGNIFICANT = 6
"""Digits of the numbers in a report."""
ANCHORS = ("cotam-s", "jpeg")
"""What methods are compared with where nothing else is asked for: the first of these that was measured."""

NOT_IN_NAMES: Final = re.compile(r"[^\w.@+=-]")


def choose_anchor(names: Sequence[str], wanted: str | None) -> str:
    """What methods are compared with.

    Raises:
        ValueError: the wanted one is not measured.
    """
    if wanted is not None and wanted not in names:
        raise ValueError(f"anchor {wanted!r} is not one of the methods {', '.join(names)}")
    return wanted or next((name for name in ANCHORS if name in names), names[0])


def accuracy_report(measured: Measured, anchor: str) -> dict[str, Any]:
    """Put the report together, ready for JSON."""
    found = figures(measured)
    points = [point for curve in found.curves.values() for point in curve]
    report = {
        "mllm": measured.mllm,
        "identities": dict(measured.identities),
        **_scenes(measured.plan),
        "anchor": anchor,
        "resamples": RESAMPLES,
        "methods": [
            {"method": one.name, "mode": one.mode, "adapter": one.adapter, "settings": one.settings}
            for one in measured.methods
        ],
        "rows": [_row(measured, found, point.method, point.rate) for point in points],
        "bd_rates": list(bd_rows(found, anchor)),
        "differences": list(difference_rows(found, anchor)),
        "timings": [_timing(name, rate, entries) for (name, rate), entries in measured.entries.items()],
    }
    return rounded(report)


def _scenes(plan: Plan) -> dict[str, Any]:
    return {
        "scenes": plan.num,
        "similarity_scenes": min(plan.similarity, plan.num),
        "split": plan.split,
        "seed_start": plan.seed_start,
        "size": plan.size,
        "variant": plan.variant,
    }


def _row(measured: Measured, found: Figures, name: str, rate: Rate) -> dict[str, Any]:
    entries = measured.entries[name, rate]
    point = next(point for point in found.curves[name] if point.rate == rate)
    psnrs = [entry.psnr for entry in entries if entry.psnr is not None]
    groups = found.resampled.groups
    return {
        "method": name,
        "rate": rate.label,
        "bpp": point.bpp,
        "bytes": fmean(entry.bytes for entry in entries),
        "over_budget": sum(not entry.fits for entry in entries),
        "psnr": fmean(psnrs) if psnrs else None,
        OVERALL: accuracy_row(point, found.resampled, OVERALL),
        "levels": {level: accuracy_row(point, found.resampled, level) for level in LEVELS if level in groups},
        "families": {name: accuracy_row(point, found.resampled, name) for name in FAMILIES if name in groups},
        "similarity": similarity_means([entry.similarity for entry in entries]),
    }


def _timing(name: str, rate: Rate, entries: Sequence[Entry]) -> dict[str, Any]:
    return {
        "method": name,
        "rate": rate.label,
        "encode_seconds": median(entry.encode_seconds for entry in entries),
        "decode_seconds": median(entry.decode_seconds for entry in entries),
    }


def rounded(value: Any) -> Any:
    """Floats, however deep, with `SIGNIFICANT` digits."""
    if isinstance(value, float):
        return float(f"{value:.{SIGNIFICANT}g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list | tuple) else value


def write_answer_files(measured: Measured, folder: Path) -> list[Path]:
    """Write the answers of every method at every rate, for ``cotam levelvqa score`` and ``cotam analyze``.

    Files are called ``original.jsonl`` and ``METHOD@BPP.jsonl``, or ``METHOD@qQUALITY.jsonl``.

    Raises:
        CotamError: a file cannot be written.
    """
    written = []
    for name, rate in measured.entries:
        path = folder / f"{_file_name(name, rate)}.jsonl"
        write_answers(path, answers_of(measured, name, rate))
        written.append(path)
    return written


def _file_name(method: str, rate: Rate) -> str:
    if rate.kind == "lossless":
        return ORIGINAL
    text = f"{method}@{'q' if rate.kind == 'quality' else ''}{rate.value:g}"
    return NOT_IN_NAMES.sub("-", text)


def answers_of(measured: Measured, name: str, rate: Rate) -> Iterator[tuple[str, str]]:
    """Ids of questions and the answers to them, as ``cotam levelvqa score`` reads them."""
    for own, entry in zip(measured.questions, measured.entries[name, rate], strict=True):
        for question in own:
            yield question.id, entry.answers[question.family]
