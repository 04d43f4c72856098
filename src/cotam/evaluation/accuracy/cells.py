"""A report's tables as words: the same rows for the terminal, for Markdown and for HTML."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cotam.evaluation.accuracy.plan import EQUAL_BYTES
from cotam.levelvqa import LEVELS

Report = Mapping[str, Any]
NOT_AVAILABLE = "n/a"


@dataclass(frozen=True)
class Table:
    """A table of texts; its first ``words`` columns are words, the others numbers."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 2

    def markdown(self) -> str:
        """As Markdown, without the title."""
        line = ["---" if column < self.words else "---:" for column in range(len(self.head))]
        cells = (self.head, line, *self.rows)
        return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def tables(report: Report) -> list[Table]:
    """All tables of a report that have rows."""
    made = [accuracy_table(report), bd_table(report), difference_table(report), time_table(report)]
    return [table for table in made if table.rows]


def accuracy_table(report: Report) -> Table:
    """Rate and accuracy of every method at every rate."""
    title = (
        f"{report['mllm']}, {report['scenes']:,} scenes: questions answered rightly, percent, "
        "with 95 % intervals over scenes"
    )
    head = ("method", "rate", "bpp", "bytes", "PSNR dB", "all", *LEVELS)
    return Table(title, head, tuple(_accuracy_cells(row) for row in report["rows"]))


def _accuracy_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    over = f" ({row['over_budget']:,} pictures larger)" if row["over_budget"] else ""
    psnr = "–" if row["psnr"] is None else f"{row['psnr']:.1f}"
    shares = [row["overall"], *(row["levels"].get(level) for level in LEVELS)]
    cells = (row["method"], row["rate"] + over, f"{row['bpp']:.3f}", f"{row['bytes']:,.0f}", psnr)
    return (*cells, *(share_cell(share) for share in shares))


def share_cell(cell: Mapping[str, Any] | None) -> str:
    """Percent right with its interval; a dash where nothing was asked."""
    return "–" if cell is None else f"{cell['percent']:.1f} ({cell['low']:.1f}–{cell['high']:.1f})"


def bd_table(report: Report) -> Table:
    """BD-rate of every method against the anchor."""
    groups = ["overall", *LEVELS]
    found = {(row["method"], row["group"]): row for row in report["bd_rates"]}
    methods = list(dict.fromkeys(row["method"] for row in report["bd_rates"]))
    rows = tuple((method, *(_bd_cell(found.get((method, group))) for group in groups)) for method in methods)
    title = (
        f"BD-rate at equal accuracy against {report['anchor']}, percent, negative is better; 95 % intervals, "
        "and the accuracies that both curves cover"
    )
    return Table(title, ("method", "all", *LEVELS), rows, words=1)


def _bd_cell(row: Mapping[str, Any] | None) -> str:
    if row is None or row["percent"] is None:
        return NOT_AVAILABLE
    spread = row["interval"]
    interval = "interval n/a" if spread is None else f"{signed(spread[0])} to {signed(spread[1])}"
    low, high = row["overlap"]
    return f"{signed(row['percent'])} ({interval}; over {low:.1f}–{high:.1f} %)"


def difference_table(report: Report) -> Table:
    """Gains over the anchor at equal bytes; empty where methods were not measured so."""
    rows = tuple(
        (row["method"], row["rate"], *(gain_cell(row.get(group)) for group in ("overall", *LEVELS)))
        for row in report["differences"]
        if row["rate"].startswith(tuple(EQUAL_BYTES))
    )
    title = f"Accuracy minus that of {report['anchor']} at equal bytes, percentage points, paired over scenes"
    return Table(title, ("method", "rate", "all", *LEVELS), rows)


def gain_cell(cell: Mapping[str, Any] | None) -> str:
    """Points with their interval; a dash where there are none."""
    if cell is None:
        return "–"
    return f"{signed(cell['points'])} ({signed(cell['low'])} to {signed(cell['high'])})"


def time_table(report: Report) -> Table:
    """Median seconds of encoding and decoding."""
    rows = tuple(
        (
            row["method"],
            row["rate"],
            f"{1e3 * row['encode_seconds']:.1f}",
            f"{1e3 * row['decode_seconds']:.1f}",
        )
        for row in report["timings"]
    )
    title = "Median milliseconds a picture on one core, while other work may have been going on"
    return Table(title, ("method", "rate", "encode", "decode"), rows)


def signed(number: float, digits: int = 1) -> str:
    """A number with its sign."""
    return f"{number:+.{digits}f}".replace("-", "−")


def problems(report: Report) -> Sequence[str]:
    """Why figures are missing, one sentence each."""
    lines: Iterable[str] = (
        f"{row['method']} against {row['anchor']}, {row['group']}: {row['problem']}"
        for row in report["bd_rates"]
        if row["percent"] is None
    )
    return list(lines)
