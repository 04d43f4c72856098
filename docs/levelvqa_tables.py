"""LevelVQA's results, and the log of ``cotam train levelvqa``, to Markdown and a picture."""

from pathlib import Path
from typing import Any

import training_curve
from tables import load, made_by, markdown_table

LEVELS = ("low", "cross", "high")
CURVE = "levelvqa.png"
PANELS = (
    (("dense", "#0072b2", "loss of the patch labels"),),
    (("answers", "#009e73", "loss of the answers"), ("right", "#d55e00", "share of answer tokens right")),
)


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
    """Steps, time, and the validation of the final weights."""
    steps, validations = training_curve.read_log(path)
    text = f"{steps[-1]['step']:,} steps in {steps[-1]['seconds'] / 3600:.2f} hours; "
    text += (
        f"[{path.name}](training/{path.name}) has a row every {steps[1]['step'] - steps[0]['step']} steps."
    )
    if validations:
        last = validations[-1]["validation"]["accuracy"]
        text += f" Accuracy on validation scenes at the end: {100 * last:.1f} %."
    return f"{text}\n\n![Training curve](training/{CURVE})"


def draw(log: Path, target: Path) -> None:
    """Draw the losses over the steps."""
    training_curve.draw_panels(log, target, PANELS, "levelvqa")


def _accuracy(values: dict[str, Any]) -> list[str]:
    interval = f"{values['low']:.1f}–{values['high']:.1f}"
    return [f"{values['questions']:,}", f"{values['percent']:.1f}", interval]
