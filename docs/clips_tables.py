"""What the benchmark of LevelVQA clips found, to Markdown."""

from pathlib import Path
from typing import Any

from tables import load, made_by, markdown_table

WAYS = {
    "majority": "most frequent answer, no picture",
    "png": "frames as they were drawn",
    "pixels": "`cotam-s`, as pixels",
    "adapter": "`cotam-s`, with the adapter",
}
"""Names of the ways to answer."""
LEVELS = ("low", "cross", "high")


def answers(path: Path) -> str:
    """Accuracy of the embedded model on clips, by family."""
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
    head = ["family", "questions", *(WAYS[way["mode"]] for way in found)]
    overall = found[0]["scenes"]
    note = (
        f"Percent right with 95 % intervals over clips; {overall} clips of {report['frames']} frames, of which "
        f"{report['asked_frames']} are shown, quality {report['quality']:g}; {made_by(report)}."
    )
    return f"{markdown_table(head, rows, right=range(1, len(head)))}\n\n{note}"


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


def _cells(accuracies: list[dict[str, Any]]) -> list[str]:
    shown = [f"{one['percent']:.0f} ({one['low']:.0f}–{one['high']:.0f})" for one in accuracies]
    return [f"{accuracies[0]['questions']:,}", *shown]
