"""Curves of a report as PNG pictures, the stages shaded."""

import io
from collections.abc import Sequence
from typing import Any, Final

from cotam.evaluation.rate_plot import COLOURS, MARKERS, require_matplotlib

Report = dict[str, Any]
SHADES: Final = ("#eef3fa", "#ffffff", "#fbf1e6")
"""Backgrounds of the three stages."""
ORIGINAL: Final = "#1b1f26"
PANEL_INCHES, DOTS_PER_INCH = (4.6, 3.6), 110
BAND_ALPHA: Final = 0.2
BAR_HEIGHT: Final = 0.03
"""Share of a panel's height that the interval of a stage's border takes."""


def draw_plots(report: Report) -> dict[str, bytes]:
    """Draw all plots that a report has figures for.

    Returns:
        PNG files by name: ``attention``, ``similarity``, ``slopes``, ``accuracy``.

    Raises:
        CotamError: matplotlib is not installed.
    """
    plots = {"attention": _attention(report)}
    if any(row["counted"] for row in report["conditions"]):
        plots["similarity"] = _similarity(report)
        if report["stages"]["attention"]:
            plots["slopes"] = _slopes(report)
    if report["accuracy"]:
        plots["accuracy"] = _accuracy(report)
    return plots


def _attention(report: Report) -> bytes:
    """U-curves of the originals with their interval, and of every codec at its lowest rate."""
    figure, rows = _panels(1, 3)
    titles = ("D_avg (patches)", "D_top1 (patches)", "attention on the top 1 % of patches")
    names = ("mean_distance", "top1_distance", "summary_share")
    for axes, name, title in zip(rows[0], names, titles, strict=True):
        _shade(axes, report)
        mean, low, high = zip(*(block[name] for block in report["blocks"]), strict=True)
        axes.plot(mean, color=ORIGINAL, linewidth=2.2, label="original", zorder=4)
        axes.fill_between(range(len(mean)), low, high, color=ORIGINAL, alpha=BAND_ALPHA, linewidth=0)
        for row in _lowest(report):
            axes.plot(row[name], label=f"{row['codec']}, {row['bpp']:.2g} bpp", **_style(row["codec"]))
        _dress(axes, title, "block")
    rows[0][0].legend(frameon=False, fontsize=8)
    return _png(figure)


def _similarity(report: Report) -> bytes:
    """Similarity by layer: a column for each rate, cosine above CKA."""
    counted = [row for row in report["conditions"] if row["counted"]]
    rates = [rate for rate in report["rates"] if any(row["rate"] == rate for row in counted)]
    figure, rows = _panels(2, len(rates))
    for column, rate in enumerate(rates):
        chosen = [row for row in counted if row["rate"] == rate]
        for line, name in enumerate(("cosine", "cka")):
            axes = rows[line][column]
            _shade(axes, report)
            for row in chosen:
                x = range(-1, len(row[name]) - 1)
                axes.plot(x, row[name], label=_label(row, report), **_style(row["codec"]))
                if name == "cosine":
                    colour = COLOURS.get(row["codec"], ORIGINAL)
                    ends = row["cosine_low"], row["cosine_high"]
                    axes.fill_between(x, *ends, color=colour, alpha=BAND_ALPHA, linewidth=0)
            title = f"{'CKA' if line else 'cosine'}, {rate_text(rate, report)}"
            _dress(axes, title, "after block (−1: embeddings)")
            axes.legend(frameon=False, fontsize=8)
    return _png(figure)


def _slopes(report: Report) -> bytes:
    """Change of cosine per block in each stage: a panel for each stage, a line for each codec over rate."""
    figure, rows = _panels(1, 3)
    for stage, axes in enumerate(rows[0]):
        axes.set_facecolor(SHADES[stage])
        for codec in report["codecs"]:
            chosen = [row for row in report["conditions"] if row["codec"] == codec and row["counted"]]
            if not chosen:
                continue
            values = [row["slopes"][stage] for row in chosen]
            ends = [[row[f"slopes_{end}"][stage] for row in chosen] for end in ("low", "high")]
            x = [row["bpp"] for row in chosen]
            axes.plot(x, values, label=codec, marker=MARKERS.get(codec, "."), **_style(codec))
            axes.fill_between(x, *ends, color=COLOURS.get(codec, ORIGINAL), alpha=BAND_ALPHA, linewidth=0)
        axes.set_xscale("log")
        if report["rates_are"] == "bpp":
            axes.set_xticks(report["rates"], labels=[f"{tick:g}" for tick in report["rates"]])
            axes.set_xticks([], minor=True)
        axes.axhline(0, color="#999999", linewidth=0.8)
        _dress(axes, f"cosine per block, stage {stage + 1}", "bpp")
    rows[0][0].legend(frameon=False, fontsize=8)
    return _png(figure)


def _accuracy(report: Report) -> bytes:
    """Accuracy by level over rate beside one another; the originals as a dashed line."""
    levels = list(dict.fromkeys(level for row in report["accuracy"] for level in row["levels"]))
    figure, rows = _panels(1, len(levels))
    for axes, level in zip(rows[0], levels, strict=True):
        given = [row for row in report["accuracy"] if level in row["levels"]]
        for codec in dict.fromkeys(row["codec"] for row in given):
            chosen = sorted((row for row in given if row["codec"] == codec), key=lambda row: row["bpp"] or 0)
            values = [row["levels"][level]["percent"] for row in chosen]
            if chosen[0]["bpp"] is None:
                axes.axhline(values[0], color=ORIGINAL, linestyle="--", label=codec)
            else:
                x = [row["bpp"] for row in chosen]
                axes.plot(x, values, label=codec, marker=MARKERS.get(codec, "."), **_style(codec))
        _dress(axes, f"accuracy, {level} level (%)", "bpp")
        axes.legend(frameon=False, fontsize=8)
    return _png(figure)


def rate_text(rate: float, report: Report) -> str:
    """A rate for people; codecs without common rates have their quality instead."""
    return f"{rate:g} bpp" if report["rates_are"] == "bpp" else f"quality {rate:g}"


def _lowest(report: Report) -> list[dict[str, Any]]:
    """Each codec's condition of the lowest rate that most pictures reach."""
    counted = [row for row in report["conditions"] if row["counted"]]
    return list({row["codec"]: row for row in reversed(counted)}.values())[::-1]


def _label(row: dict[str, Any], report: Report) -> str:
    missing = "" if row["pictures"] == report["pictures"] else f" ({row['pictures']} of {report['pictures']})"
    return f"{row['codec']}{missing}"


def _style(codec: str) -> dict[str, Any]:
    ours = codec.startswith("cotam")
    return {"color": COLOURS.get(codec), "linewidth": 2.0 if ours else 1.3, "markersize": 4}


def _panels(rows: int, columns: int) -> tuple[Any, Sequence[Sequence[Any]]]:
    width, height = PANEL_INCHES
    figure = require_matplotlib().Figure(figsize=(width * columns, height * rows), layout="tight")
    return figure, figure.subplots(rows, columns, squeeze=False)


def _shade(axes: Any, report: Report) -> None:
    stages = report["stages"]["attention"]
    if not stages:
        return
    borders = [-0.5, stages["second"]["block"] - 0.5, stages["third"]["block"] - 0.5, stages["depth"] - 0.5]
    for colour, left, right in zip(SHADES, borders, borders[1:], strict=False):
        axes.axvspan(left, right, color=colour, zorder=0)
    for name in ("second", "third"):
        border = stages[name]
        ends = border["low"] - 0.5, border["high"] - 0.5
        axes.axvspan(*ends, ymax=BAR_HEIGHT, color="#999999", alpha=0.7, linewidth=0, zorder=1)
        axes.axvline(border["block"] - 0.5, color="#999999", linewidth=0.8, zorder=1)


def _dress(axes: Any, title: str, below: str) -> None:
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(below)
    axes.grid(alpha=0.25)


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return buffer.getvalue()
