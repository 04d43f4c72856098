"""What the benchmark of LevelVQA clips found, to Markdown."""

from pathlib import Path
from typing import Any

import levelvqa_tables
import training_curve
from tables import load, made_by, markdown_table

CURVE = "levelvqa-clips.png"
WAYS = {
    "majority": "most frequent answer, no picture",
    "png": "frames as they were drawn",
    "pixels": "`cotam-s`, as pixels",
    "adapter": "`cotam-s`, with the adapter",
}
"""Names of the ways to answer."""
PANELS = (
    (
        ("clip_answers", "#0072b2", "loss of the answers on clips"),
        ("clip_compare", "#009e73", "of comparing"),
    ),
    (
        ("clip_right", "#d55e00", "share of answer tokens right, clips"),
        ("right", "#555555", "share right, single pictures"),
    ),
)
LEVELS = ("low", "cross", "high")


def answers(path: Path) -> str:
    """Accuracy of the embedded models on clips, by family."""
    report = load(path)
    found: list[dict[str, Any]] = report["answers"]
    families = list(found[0]["families"])
    rows = [[name, *_cells([way["families"][name] for way in found])] for name in families]
    rows += [[f"**{level} level**", *_cells([way["levels"][level] for way in found])] for level in LEVELS]
    rows.append(["**overall**", *_cells([way["overall"] for way in found])])
    rows.append(
        [
            "bytes a frame",
            "",
            *(f"{way['bytes_per_frame']:,.0f}" if way["bytes_per_frame"] else "" for way in found),
        ]
    )
    head = ["family", "questions", *(_way(way) for way in found)]
    overall = found[0]["scenes"]
    note = (
        f"Percent right with 95 % intervals over clips; {overall} clips of {report['frames']} frames, of which "
        f"{report['asked_frames']} are shown, quality {report['quality']:g}; in {report['order_ties']} of the "
        f"questions for an order both things are first seen in the same frame; {made_by(report)}."
    )
    return f"{markdown_table(head, rows, right=range(1, len(head)))}\n\n{note}"


def kept(path: Path) -> str:
    """Accuracy of both models on single pictures."""
    own, plain = load(path), load(path.with_name("levelvqa.json"))
    rows = [
        [f"{level} level", *(_share(report["levels"][level]) for report in (plain, own))] for level in LEVELS
    ]
    rows.append(["**overall**", *(_share(report["overall"]) for report in (plain, own))])
    note = (
        f"`levelvqa`: {plain['scenes']:,} unseen scenes; `levelvqa-clips`: the first {own['scenes']:,} of them; "
        f"{made_by(own)}."
    )
    return f"{markdown_table(['', '`levelvqa`', '`levelvqa-clips`'], rows, right=(1, 2))}\n\n{note}"


def training(path: Path) -> str:
    """Steps, time and validation of `levelvqa-clips`."""
    runs = levelvqa_tables.runs_of(path)
    validated = [
        (name, row) for name, rows in runs.items() for row in rows if "clips" in row.get("validation", {})
    ]
    families = list(validated[-1][1]["validation"]["clips"]["families"])
    rows = [
        [name, f"{row['step']:,}", f"{row['seconds'] / 60:.0f}", *_percents(row["validation"], families)]
        for name, row in validated
    ]
    head = ["run", "step", "minutes", "single pictures", "clips", *(f"`{family}`" for family in families)]
    table = markdown_table(head, rows, right=range(1, len(head)))
    text = f"The log: [{path.name}](training/{path.name}).\n\n![Training curve](training/{CURVE})"
    return f"Validation, averaged weights, percent right:\n\n{table}\n\n{text}"


def draw(log: Path, target: Path) -> None:
    """Draw losses and shares of right tokens over the steps, run after run."""
    steps = levelvqa_tables.chained(levelvqa_tables.runs_of(log), "clips")
    training_curve.draw_panels(log, target, [(steps, lines) for lines in PANELS], "levelvqa-clips")


def guidance(path: Path) -> str:
    """What steadied levels change."""
    report = load(path)
    rows = [
        [
            row["guidance"],
            f"{row['changed_cells']:.2f} %",
            f"{row['frames'] - row['maps_used_again']} of {row['frames']}",
            f"{row['bytes_per_frame']:,.0f}",
            f"{row['psnr']:.2f} dB",
        ]
        for row in report["guidance"]
    ]
    head = ["guidance", "cells that change from frame to frame", "runs of the tower", "bytes a frame", "PSNR"]
    note = (
        f"Means over {report['guidance'][0]['clips']} LevelVQA clips at {report['fps']:g} frames a second, quality "
        f"{report['quality']:g}, the embedded CLIP's blocks 0 to 2; {made_by(report)}."
    )
    return f"{markdown_table(head, rows, right=range(1, 5))}\n\n{note}"


def _way(way: dict[str, Any]) -> str:
    return f"`{way['model']}`, {WAYS[way['mode']]}" if "model" in way else WAYS[way["mode"]]


def _share(found: dict[str, Any]) -> str:
    return f"{found['percent']:.1f} ({found['low']:.1f}–{found['high']:.1f})"


def _percents(validation: dict[str, Any], families: list[str]) -> list[str]:
    clips = validation["clips"]
    shares = [validation["accuracy"], clips["accuracy"], *(clips["families"][name] for name in families)]
    return [f"{100 * share:.1f}" for share in shares]


def _cells(accuracies: list[dict[str, Any]]) -> list[str]:
    shown = [f"{one['percent']:.0f} ({one['low']:.0f}–{one['high']:.0f})" for one in accuracies]
    return [f"{accuracies[0]['questions']:,}", *shown]
