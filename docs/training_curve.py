"""The log of ``cotam train codec`` as a summary and as a picture."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tables import markdown_table

SMOOTHED = 40
"""Most log rows in a running mean: every row is one batch of random qualities, so single rows scatter."""
LEAST_MEANS = 5
"""A log has at least so many times the rows of a mean: a short one would be no line otherwise."""
INCHES, DOTS_PER_INCH = (11.0, 4.2), 110

Line = tuple[str, str, str]
"""Key of the log's rows, colour, and name of the axis."""
PANELS = (
    (("loss", "#0072b2", "loss"),),
    (("psnr", "#009e73", "PSNR of the crops (dB)"), ("bpp", "#d55e00", "bits per pixel")),
)


def read_log(path: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Training rows and validation rows of a log; of a part that a resumed run did again, the later rows count.

    Where rows name the run that they are of, each run went on from the weights of the one before: its steps and seconds
    are counted on.
    """
    rows: dict[tuple[int, bool], dict[str, Any]] = {}
    last: dict[str, Any] = {"step": 0, "seconds": 0.0}
    run, steps, seconds = None, 0, 0.0
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        if "changed" in row:
            continue
        if row.get("run") != run:
            run, steps, seconds = row.get("run"), last["step"], last["seconds"]
        last = {**row, "step": steps + row["step"], "seconds": seconds + row["seconds"]}
        rows[last["step"], "validation" in last] = last
    ordered = [rows[key] for key in sorted(rows)]
    training = [row for row in ordered if "validation" not in row]
    return training, [row for row in ordered if "validation" in row]


def summary(path: Path) -> str:
    """Steps, time, and the validation of the final weights."""
    steps, validations = read_log(path)
    text = f"{steps[-1]['step']:,} steps in {steps[-1]['seconds'] / 3600:.2f} hours; "
    text += (
        f"[{path.name}](training/{path.name}) has a row every {steps[1]['step'] - steps[0]['step']} steps."
    )
    text += "\n\n![Training curve](training/cotam-s.png)"
    if not validations:
        return text
    rows = [
        [f"{row['quality']:g}", f"{row['bpp']:.3f}", f"{row['psnr']:.2f}"]
        for row in validations[-1]["validation"]
    ]
    head = ["quality", "estimated bpp", "PSNR dB"]
    return f"{text}\n\nValidation at the end, float networks:\n\n{markdown_table(head, rows, right=range(3))}"


def draw(log: Path, target: Path) -> None:
    """Draw the codec's loss, and rate with distortion, over the steps."""
    steps, _ = read_log(log)
    draw_panels(log, target, [(steps, lines) for lines in PANELS], log.name.partition(".")[0])


def draw_panels(
    log: Path, target: Path, panels: Sequence[tuple[list[dict[str, Any]], Sequence[Line]]], name: str
) -> None:
    """Draw figures of a log, one panel of rows beside the other; the picture carries the log's hash."""
    from matplotlib.figure import Figure

    window = min(SMOOTHED, *(max(1, len(rows) // LEAST_MEANS) for rows, _ in panels))
    figure = Figure(figsize=INCHES, layout="constrained")
    for axes, (rows, lines) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for number, (key, colour, title) in enumerate(lines):
            _line(axes.twinx() if number else axes, rows, key, colour, title, window)
    figure.suptitle(f"{name}, running mean over {window} logged batches")
    figure.savefig(target, format="png", dpi=DOTS_PER_INCH, metadata={"Source": digest(log)})


def is_drawn_from(picture: Path, log: Path) -> bool:
    """Whether a picture of `draw` shows this log."""
    return picture.is_file() and digest(log).encode() in picture.read_bytes()


def digest(log: Path) -> str:
    """SHA-256 of the log, in hex."""
    return hashlib.sha256(log.read_bytes()).hexdigest()


def _line(axes: Any, rows: list[dict[str, Any]], key: str, colour: str, title: str, window: int) -> None:
    values = [row[key] for row in rows]
    means = [sum(values[end - window : end]) / window for end in range(window, len(values) + 1)]
    axes.plot([row["step"] for row in rows[window - 1 :]], means, color=colour)
    axes.set_xlabel("step")
    axes.set_ylabel(title, color=colour)
    axes.grid(alpha=0.3)
