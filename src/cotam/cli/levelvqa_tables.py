"""What ``cotam levelvqa`` prints on the terminal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from cotam.levelvqa.baselines import Baseline
    from cotam.levelvqa.scoring import Accuracy, Report

NUMERIC = frozenset({"questions", "accuracy", "interval", "majority", "blind", "gain"})
"""Columns that are set flush right."""


def report_table(report: "Report") -> "Table":
    """One line a family, then the levels, then all."""
    title = f"{report.scenes:,} scenes, percent right with 95 % intervals over scenes"
    table = _table(title, "", "questions", "accuracy", "interval")
    for name, accuracy in report.families.items():
        table.add_row(name, *_cells(accuracy))
    table.add_section()
    for name, accuracy in report.levels.items():
        table.add_row(f"{name} level", *_cells(accuracy))
    table.add_section()
    table.add_row("overall", *_cells(report.overall))
    return table


def answered_table(measured: "Mapping[str, Any]") -> "Table":
    """A model's accuracy by family beside the baselines, then by level and overall."""
    title = (
        f"{measured['mllm']}, {measured['scenes']:,} scenes, percent right with 95 % intervals over scenes"
    )
    table = _table(title, "", "questions", "accuracy", "interval", "majority", "blind")
    for row in measured["baselines"]:
        accuracy = measured["families"][row["family"]]
        table.add_row(row["family"], *_plain_cells(accuracy), f"{row['majority']:.1f}", f"{row['blind']:.1f}")
    table.add_section()
    for name, accuracy in measured["levels"].items():
        table.add_row(f"{name} level", *_plain_cells(accuracy), "", "")
    table.add_section()
    table.add_row("overall", *_plain_cells(measured["overall"]), "", "")
    return table


def baselines_table(rows: "Sequence[Baseline]", scenes: int) -> "Table":
    """One line a family, then all questions together."""
    title = f"{scenes:,} scenes, percent right without looking"
    table = _table(title, "family", "level", "questions", "majority", "blind", "gain", "answer")
    for row in rows:
        table.add_row(
            row.family, row.level, f"{row.questions:,}", *_shares(row.majority, row.blind), row.answer
        )
    total = sum(row.questions for row in rows)
    majority, blind = (
        sum(getattr(row, name) * row.questions for row in rows) / total for name in ("majority", "blind")
    )
    table.add_section()
    table.add_row("overall", "", f"{total:,}", *_shares(majority, blind))
    return table


def _cells(accuracy: "Accuracy") -> tuple[str, str, str]:
    return _plain_cells(vars(accuracy))


def _plain_cells(accuracy: "Mapping[str, Any]") -> tuple[str, str, str]:
    interval = f"{accuracy['low']:.1f}–{accuracy['high']:.1f}"
    return f"{accuracy['questions']:,}", f"{accuracy['percent']:.1f}", interval


def _shares(majority: float, blind: float) -> tuple[str, str, str]:
    return f"{majority:.1f}", f"{blind:.1f}", f"{blind - majority:+.1f}"


def _table(title: str, *columns: str) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, justify="right" if column in NUMERIC else "left", no_wrap=True)
    return table
