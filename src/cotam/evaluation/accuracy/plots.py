"""Draw rate–accuracy curves with their intervals, from a report."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from cotam.evaluation.accuracy.plan import LOSSLESS
from cotam.evaluation.rate_plot import DOTS_PER_INCH, RATE_TICKS, require_matplotlib
from cotam.levelvqa import LEVELS

Report = Mapping[str, Any]

COLOURS = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#7f7f7f"),
    *("#882255", "#999933", "#332288", "#44aa99"),
)
"""Told apart by colour-blind readers too (Okabe and Ito, then Tol); used over again, with another marker."""
MARKERS = "os^DvPX*"
SIDE_INCHES = 5.5
LEGEND_COLUMNS = 3
"""Methods in a row of a legend, for each panel above it."""
BAND = 0.15
"""Opacity of intervals."""


def plots(report: Report) -> dict[str, bytes]:
    """Draw a report's figures.

    Returns:
        PNG files by name: ``accuracy`` overall, ``levels`` by level, ``similarity`` by layer where it was measured.

    Raises:
        CotamError: matplotlib is not installed.
    """
    levels = [level for level in LEVELS if any(level in row["levels"] for row in report["rows"])]
    made = {"accuracy": _accuracy(report, ["overall"]), "levels": _accuracy(report, levels)}
    if any(row["similarity"] for row in report["rows"]):
        made["similarity"] = _similarity(report)
    return made


def _accuracy(report: Report, groups: Sequence[str]) -> bytes:
    figure = _figure(len(groups))
    for axes, group in zip(figure.subplots(1, len(groups), squeeze=False)[0], groups, strict=True):
        for number, method in enumerate(names(report)):
            _draw_curve(axes, _points(report, method, group), number, method)
        _dress(axes, group)
    _legend(figure, len(groups))
    return _png(figure)


def names(report: Report) -> list[str]:
    """Methods of a report, in order."""
    return [row["method"] for row in report["methods"]]


def accuracy_of(row: Mapping[str, Any], group: str) -> Mapping[str, Any] | None:
    """A row's accuracy of ``overall`` or of a level."""
    found: Mapping[str, Any] | None = row["overall"] if group == "overall" else row["levels"].get(group)
    return found


def _points(report: Report, method: str, group: str) -> list[tuple[float, float, float, float]]:
    """Rate, percent right, and its interval, rising in rate."""
    rows = [(row["bpp"], accuracy_of(row, group)) for row in report["rows"] if row["method"] == method]
    return sorted((bpp, cell["percent"], cell["low"], cell["high"]) for bpp, cell in rows if cell)


def _draw_curve(
    axes: Any, points: Sequence[tuple[float, float, float, float]], number: int, label: str
) -> None:
    if not points:
        return
    colour, marker = _style(number)
    rates, percents, lows, highs = zip(*points, strict=True)
    if len(points) == 1:
        axes.axhspan(lows[0], highs[0], color=colour, alpha=BAND, linewidth=0)
        axes.axhline(percents[0], color=colour, linestyle="--", linewidth=1.4, label=label)
        return
    axes.fill_between(rates, lows, highs, color=colour, alpha=BAND, linewidth=0)
    axes.plot(rates, percents, color=colour, marker=marker, markersize=4, linewidth=1.8, label=label)


def _dress(axes: Any, group: str) -> None:
    low, high = axes.get_xlim()
    ticks = [tick for tick in RATE_TICKS if low <= tick <= high] or [RATE_TICKS[0]]
    axes.set_xscale("log")
    axes.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("bits per pixel, whole stream")
    axes.set_ylabel("questions answered rightly (%)")
    axes.set_title("all questions" if group == "overall" else f"{group} level")
    axes.grid(alpha=0.3)


def _similarity(report: Report) -> bytes:
    """One line a method, at its lowest rate; what is lossless has nothing to show."""
    figure = _figure(1)
    axes = figure.subplots()
    for number, method in enumerate(names(report)):
        rows = [row for row in report["rows"] if row["method"] == method and row["similarity"]]
        if rows and rows[0]["rate"] != LOSSLESS.label:
            colour, marker = _style(number)
            label = f"{method}, {rows[0]['bpp']:.2f} bpp"
            axes.plot(rows[0]["similarity"], color=colour, marker=marker, markersize=4, label=label)
    axes.set_xlabel("tokens before block")
    axes.set_ylabel("mean cosine to the original's tokens")
    axes.grid(alpha=0.3)
    _legend(figure, 1)
    return _png(figure)


def _style(number: int) -> tuple[str, str]:
    """Colour and marker of a method by its place."""
    return COLOURS[number % len(COLOURS)], MARKERS[number // len(COLOURS) % len(MARKERS)]


def _legend(figure: Any, panels: int) -> None:
    """Name the lines once, below all panels."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    columns = LEGEND_COLUMNS * panels
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize="small")


def _figure(panels: int) -> Any:
    figures = require_matplotlib()
    return figures.Figure(figsize=(panels * SIDE_INCHES, SIDE_INCHES), layout="constrained")


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return buffer.getvalue()
