"""LevelVQA's results, and the log of ``cotam train levelvqa``, to Markdown and a picture."""

import json
from pathlib import Path
from typing import Any

import training_curve
from tables import load, made_by, markdown_table

LEVELS = ("low", "cross", "high")
CURVE = "levelvqa.png"
TOWER, LANGUAGE = "tower", "language"
"""What the names of runs begin with: which part learned."""
SCENES = 16
"""Scenes of a step."""
PANELS = {
    TOWER: (("dense", "#0072b2", "loss of the patch labels"),),
    LANGUAGE: (
        ("answers", "#009e73", "loss of the answers"),
        ("right", "#d55e00", "share of answer tokens right"),
    ),
}


def accuracy(path: Path) -> str:
    """Accuracy of the embedded model on original pictures, beside what can be had without looking."""
    report = load(path)
    rows = []
    for row in report["baselines"]:
        cells = _accuracy(report["families"][row["family"]])
        rows.append([row["family"], row["level"], *cells, f"{row['majority']:.1f}", f"{row['blind']:.1f}"])
    for level in LEVELS:
        rows.append([f"**{level} level**", level, *_accuracy(report["levels"][level]), "", ""])
    rows.append(["**overall**", "", *_accuracy(report["overall"]), "", ""])
    head = ["family", "level", "questions", "right, %", "95 % interval", "majority, %", "blind, %"]
    note = (
        f"{report['scenes']:,} unseen scenes, original pictures, {report['seconds_per_question']:.3f} s a question; "
        f"{made_by(report)}."
    )
    return f"{markdown_table(head, rows, right=range(2, 7))}\n\n{note}"


def training(path: Path) -> str:
    """Every run with its steps and time, and the curve."""
    rows = []
    for name, steps in runs_of(path).items():
        last = steps[-1]
        validation: dict[str, Any] = next(
            (row["validation"] for row in reversed(steps) if "validation" in row), {}
        )
        seen = f"{100 * validation['accuracy']:.1f} %" if name.startswith(LANGUAGE) and validation else ""
        rows.append(
            [name, f"{last['step']:,}", f"{last['step'] * SCENES:,}", f"{last['seconds'] / 3600:.2f}", seen]
        )
    head = ["run", "steps", "scenes", "hours", "validation, averaged weights"]
    table = markdown_table(head, rows, right=range(1, 5))
    return f"{table}\n\nThe log: [{path.name}](training/{path.name}).\n\n![Training curve](training/{CURVE})"


def draw(log: Path, target: Path) -> None:
    """Draw the losses over the steps, those of a part's runs one after the other."""
    panels = [(chained(runs_of(log), part), lines) for part, lines in PANELS.items()]
    training_curve.draw_panels(log, target, panels, "levelvqa")


def runs_of(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Rows of each run, in order; the log's rows say which they are of."""
    runs: dict[str, list[dict[str, Any]]] = {}
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        if "changed" not in row:
            runs.setdefault(row["run"], []).append(row)
    return runs


def chained(runs: dict[str, list[dict[str, Any]]], part: str) -> list[dict[str, Any]]:
    """Training rows of the runs whose names begin with ``part``, their steps counted on."""
    rows_so_far: list[dict[str, Any]] = []
    for name, rows in runs.items():
        if name.startswith(part):
            before = rows_so_far[-1]["step"] if rows_so_far else 0
            rows_so_far += [{**row, "step": before + row["step"]} for row in rows if "validation" not in row]
    return rows_so_far


def _accuracy(values: dict[str, Any]) -> list[str]:
    interval = f"{values['low']:.1f}–{values['high']:.1f}"
    return [f"{values['questions']:,}", f"{values['percent']:.1f}", interval]
