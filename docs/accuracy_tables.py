"""What ``cotam eval levelvqa`` reports, to Markdown."""

from pathlib import Path
from typing import Any

from tables import load, made_by, markdown_table

GROUPS = ("overall", "low", "cross", "high")
WORDS = 2
"""Columns of a table that are words."""


def brief(path: Path) -> str:
    """Accuracy of every method at every rate, all questions."""
    report = load(path)
    rates = list(dict.fromkeys(row["rate"] for row in report["rows"] if row["rate"] != "lossless"))
    found = {(row["method"], row["rate"]): _share(row["overall"]) for row in report["rows"]}
    ceiling = next((_share(row["overall"]) for row in report["rows"] if row["rate"] == "lossless"), None)
    names = [row["method"] for row in report["methods"] if (row["method"], rates[0]) in found]
    rows = [[f"`{name}`", *(found.get((name, rate), "–") for rate in rates)] for name in names]
    heads = [rate.replace("bpp ", "") + " bpp" for rate in rates]
    table = markdown_table(["method", *heads], rows, right=range(1, 1 + len(rates)))
    original = f" The original picture: {ceiling} %." if ceiling else ""
    return (
        f"{table}\n\nPercent of questions on {report['scenes']:,} unseen scenes that the embedded model answers "
        f"rightly, with 95 % intervals.{original}"
    )


def by_level(path: Path) -> str:
    """Accuracy of every method at every rate, by level."""
    report = load(path)
    rows = [
        [f"`{row['method']}`", _rate(row), f"{row['bpp']:.3f}", *(_share(cell) for cell in _cells(row))]
        for row in report["rows"]
    ]
    head = ["method", "rate", "bpp", "all", *GROUPS[1:]]
    return f"{markdown_table(head, rows, right=range(WORDS, len(head)))}\n\n{_note(report)}"


def gains(path: Path) -> str:
    """Gains over the anchor at equal bytes, by level."""
    report = load(path)
    rows = [
        [f"`{row['method']}`", row["rate"].replace("bpp ", ""), *(_gain(row.get(group)) for group in GROUPS)]
        for row in report["differences"]
        if row["rate"].startswith("bpp")
    ]
    head = ["method", "bpp", "all", *GROUPS[1:]]
    table = markdown_table(head, rows, right=range(WORDS, len(head)))
    return f"{table}\n\nPercentage points over `{report['anchor']}`, paired over scenes, with 95 % intervals."


def _cells(row: dict[str, Any]) -> list[dict[str, Any] | None]:
    return [row["overall"], *(row["levels"].get(level) for level in GROUPS[1:])]


def _rate(row: dict[str, Any]) -> str:
    over = f" ({row['over_budget']:,} pictures larger)" if row["over_budget"] else ""
    return row["rate"].replace("bpp ", "") + over


def _share(cell: dict[str, Any] | None) -> str:
    return "–" if cell is None else f"{cell['percent']:.1f} ({cell['low']:.1f}–{cell['high']:.1f})"


def _gain(cell: dict[str, Any] | None) -> str:
    if cell is None:
        return "–"
    numbers = (cell["points"], cell["low"], cell["high"])
    points, low, high = (f"{number:+.1f}".replace("-", "−") for number in numbers)
    return f"{points} ({low} to {high})"


def _note(report: dict[str, Any]) -> str:
    return (
        f"Percent right, with 95 % intervals over {report['scenes']:,} scenes of the `{report['split']}` split; "
        f"{report['size']} pixels a side; every picture in at most so many bytes; {made_by(report)}."
    )
