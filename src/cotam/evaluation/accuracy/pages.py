"""A report as files: JSON, a Markdown table, PNG plots, and one HTML page that needs no other file."""

import base64
import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cotam.errors import CotamError
from cotam.evaluation.accuracy.cells import Table, problems, tables
from cotam.evaluation.accuracy.plots import plots
from cotam.evaluation.reports import write_report
from cotam.images import write_atomically

Report = Mapping[str, Any]

STYLE = """
body { font: 16px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; color: #1b1f26; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; } img { max-width: 100%; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .88rem; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid #dfe3e8; text-align: right; white-space: nowrap; }
th.word, td.word { text-align: left; } p { color: #5b6472; } div { overflow-x: auto; }
"""


def write_pages(report: dict[str, Any], folder: Path) -> list[Path]:
    """Write ``report.json``, ``report.md``, ``report.html`` and the plots.

    Raises:
        CotamError: the folder cannot be made or written, or matplotlib is not installed.
    """
    make_folder(folder)
    drawn = plots(report)
    files = {
        "report.md": markdown(report).encode(),
        "report.html": page(report, drawn).encode(),
        **{f"{name}.png": data for name, data in drawn.items()},
    }
    write_report(folder / "report.json", report)
    for name, data in files.items():
        write_atomically(folder / name, data)
    return [folder / name for name in ("report.json", *files)]


def make_folder(folder: Path) -> None:
    """Make a folder for a report.

    Raises:
        CotamError: it is a file, or cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CotamError(f"{folder}: no folder can be made there ({error.strerror})") from error


def markdown(report: Report) -> str:
    """All tables under their titles, and what could not be compared."""
    parts = [f"**{table.title}**\n\n{table.markdown()}" for table in tables(report)]
    parts += [f"- {line}" for line in problems(report)]
    return "\n\n".join(parts) + "\n"


def page(report: Report, drawn: Mapping[str, bytes]) -> str:
    """An HTML document with the plots inside."""
    title = html.escape(f"Rate and accuracy: {report['mllm']}")
    images = "\n".join(
        f'<img alt="{name}" src="data:image/png;base64,{base64.b64encode(data).decode()}">'
        for name, data in drawn.items()
    )
    body = "\n".join(_table(table) for table in tables(report))
    notes = "".join(f"<p>{html.escape(line)}</p>" for line in problems(report))
    made = f"<p>{html.escape(str(report['command']))}</p>" if "command" in report else ""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>\n'
        f"<body><h1>{title}</h1>\n{made}\n{images}\n{body}\n{notes}</body></html>\n"
    )


def _table(table: Table) -> str:
    head = _cells(table.head, "th", table.words)
    rows = "\n".join(f"<tr>{_cells(row, 'td', table.words)}</tr>" for row in table.rows)
    return f"<h2>{html.escape(table.title)}</h2>\n<div><table><tr>{head}</tr>\n{rows}</table></div>"


def _cells(cells: tuple[str, ...], tag: str, words: int) -> str:
    kinds = [' class="word"' if column < words else "" for column in range(len(cells))]
    return "".join(
        f"<{tag}{kind}>{html.escape(cell)}</{tag}>" for kind, cell in zip(kinds, cells, strict=True)
    )
