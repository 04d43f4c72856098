"""An analysis as one HTML file that needs no other."""

import base64
import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from cotam.analysis.plots import rate_text
from cotam.analysis.stages import NAMES

Report = dict[str, Any]
STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem; padding: 0 1rem; color: #1b1f26; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; } img { max-width: 100%; height: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #dfe3e8; text-align: left; vertical-align: top; }
.faint { color: #5b6472; } .holds { color: #00704f; } .not { color: #b3401a; }
"""
CAPTIONS: Final = {
    "attention": "How far patches look, and how much attention the most attended 1 % get. Grey: 95 % intervals over "
    "pictures, of the originals' mean as a band and of the first blocks of stages as bars below. Coded: each codec at "
    "its lowest rate that most pictures reach.",
    "similarity": "Patch tokens of original and coded picture at matched rates, mean over patches and pictures; codecs "
    "that bring at least half of the pictures to a rate, with their number where it is not all.",
    "slopes": "Change of cosine per block in each stage, by rate.",
    "accuracy": "Accuracy of the given answers by level.",
    "worst": "The pictures whose tokens coding changes most after the last block. Maps: dark where a patch is as "
    "before, light where it is lost (1 − cosine, 0 to 0.8).",
}
TITLES: Final = {
    "attention": "Attention over depth",
    "similarity": "Similarity by layer",
    "slopes": "Slope by stage",
    "accuracy": "Accuracy by level",
    "worst": "Worst pictures",
}


def analysis_page(report: Report, plots: Mapping[str, bytes]) -> str:
    """Write the page.

    Args:
        report: with ``tower``, ``source`` and ``command`` beside what `analysis_report` makes.
        plots: PNG files by name.
    """
    tower = report["tower"]
    title = html.escape(f"Where compression hurts: {tower['name']}")
    facts = (
        f"{tower['family']}, {tower['blocks']} blocks, {tower['heads']} heads, "
        f"grid {' x '.join(map(str, report['grid']))}; "
        f"{report['pictures']} {report['source']}"
    )
    figures = "".join(_figure(name, plots[name]) for name in TITLES if name in plots)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>\n<body><h1>{title}</h1>'
        f'<p class="faint">{html.escape(facts)}<br><code>{html.escape(report["command"])}</code></p>\n'
        f"<h2>Stages</h2>{_stages(report)}\n<h2>The paper's findings</h2>{_findings(report)}\n{figures}\n"
        f"<h2>Figures</h2>{_conditions(report)}\n{_unreadable(report)}</body></html>\n"
    )


def _figure(name: str, png: bytes) -> str:
    data = base64.b64encode(png).decode("ascii")
    return (
        f'<h2>{TITLES[name]}</h2><img src="data:image/png;base64,{data}" alt="{TITLES[name]}">'
        f'<p class="faint">{CAPTIONS[name]}</p>'
    )


def _stages(report: Report) -> str:
    rows = []
    for curves, stages in report["stages"].items():
        if stages:
            second, third = stages["second"], stages["third"]
            rows.append([curves, *(f"{b['block']} [{b['low']}, {b['high']}]" for b in (second, third))])
    if not rows:
        return "<p>The tower has too few blocks for three stages.</p>"
    heads = ["estimated from", *(f"first block of stage {name}" for name in NAMES[1:])]
    return _table(heads, rows)


def _findings(report: Report) -> str:
    lines = []
    for row in report["findings"]:
        kind = {"holds": "holds", "does not hold": "not"}.get(row["verdict"], "faint")
        cells = html.escape(row["claim"]), html.escape(row["evidence"])
        lines.append(
            f'<tr><td>{cells[0]}</td><td class="{kind}">{row["verdict"]}</td><td>{cells[1]}</td></tr>'
        )
    return f"<table>{''.join(lines)}</table>"


def _conditions(report: Report) -> str:
    rows = [
        [
            row["codec"],
            rate_text(row["rate"], report),
            f"{row['bpp']:.3f}",
            f"{row['quality']:.1f}",
            str(row["pictures"]),
            f"{min(row['cosine']):.3f}",
            f"{row['cosine'][-1]:.3f}",
            f"{row['cka'][-1]:.3f}",
            *(f"{slope:+.4f}" for slope in row["slopes"]),
        ]
        for row in report["conditions"]
    ]
    heads = ["codec", "wanted", "bpp", "quality", "pictures", "lowest cosine", "last cosine", "last CKA"]
    if rows and report["stages"]["attention"]:
        heads += [f"slope, stage {number}" for number in (1, 2, 3)]
    return _table(heads, rows) if rows else "<p>No codec reaches a common rate.</p>"


def _unreadable(report: Report) -> str:
    if not report["unreadable"]:
        return ""
    items = "".join(f"<li>{html.escape(row['reason'])}</li>" for row in report["unreadable"])
    return f"<h2>Left out</h2><ul>{items}</ul>"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(text)}</th>" for text in heads)
    body = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"
