"""Parts of the results page, each from the report alone."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cotam.evaluation.accuracy.cells import Table, bd_table, gain_cell, share_cell, signed
from cotam.evaluation.methods import ABLATIONS, FULL_JOINT
from cotam.evaluation.reproduce.experiment import BASE, CONTENDERS, CONVENTIONAL, FULL, JOINT, NECKS
from cotam.evaluation.reproduce.verdicts import Report, bd_cells, measured
from cotam.levelvqa import FAMILIES, LEVELS

PAPER_TIMES: Final = "encoding +2.9 % to +3.9 %, decoding +5.2 % to +7.1 %"
PARTS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "full": ("{shallow}", "yes", "yes", "low + high"),
    "without-adapter": ("{shallow}", "no", "yes", "–"),
    "without-reconstruction-prior": ("{shallow}", "yes", "no", "low + high"),
    "without-guidance": ("none", "yes", "yes", "low + high"),
    "only-l-high": ("{shallow}", "yes", "yes", "high"),
    "only-l-low": ("{shallow}", "yes", "yes", "low"),
    "deep-layer-guidance": ("{deep}", "yes", "yes", "low + high"),
    "random-guidance": ("random, same histogram", "yes", "yes", "low + high"),
}
"""Guidance (as the report names it), adapter, reconstruction prior, losses of the adapter."""


def left_out(report: Report, names: Sequence[str]) -> str:
    """A sentence for every name that was not measured."""
    reasons = {row["method"]: row["reason"] for row in report["left_out"]}
    return "\n".join(f"- `{name}` is left out: {reasons[name]}." for name in names if name in reasons)


def families(report: Report) -> str:
    """Where guidance and adapter help, and where not: accuracy by family at one rate."""
    names = measured(report, [BASE, "without-guidance", "without-adapter", FULL])
    rate = middle_rate(report)
    found = {row["method"]: row["families"] for row in report["rows"] if row["rate"] == rate}
    rows = tuple(
        (family, FAMILIES[family].level, *(share_cell(found[name].get(family)) for name in names))
        for family in found[BASE]
    )
    table = Table("", ("family of questions", "level", *names), rows)
    return f"By family, percent right at {rate.removeprefix('bpp ')} bpp:\n\n{table.markdown()}"


def bd_rates(report: Report) -> str:
    """BD-rates of every method."""
    table = bd_table(report)
    return f"{table.title}.\n\n{table.markdown()}"


def conventional(report: Report) -> str:
    """BD-rates against JPEG and AVIF themselves."""
    rows = report["bd_rates_against_conventional"]
    anchors = [name for name in CONVENTIONAL if any(row["anchor"] == name for row in rows)]
    cells = {(row["method"], row["anchor"]): "{} ({}; over {})".format(*bd_cells(row)) for row in rows}
    body = tuple(
        (name, *(cells[name, anchor] for anchor in anchors)) for name in measured(report, CONTENDERS)
    )
    if not anchors:
        return "*Nothing could be measured.*"
    table = Table("", ("method", *(f"against {anchor}" for anchor in anchors)), body, words=1)
    return (
        "BD-rate at equal accuracy, all questions, with 95 % intervals and the accuracies that both curves cover.\n\n"
        f"{table.markdown()}"
    )


def ablations(report: Report) -> str:
    """The paper's table of ablations: what a variant has, and its accuracy at one rate."""
    names = measured(report, list(ABLATIONS))
    if not names:
        return ""
    rate = middle_rate(report)
    rows = {row["method"]: row for row in report["rows"] if row["rate"] == rate}
    head = ("variant", "guidance", "adapter", "prior", "losses", "all", *LEVELS)
    body = tuple((name, *_parts(report, name), *_shares(rows[name])) for name in [BASE, *names])
    at = rate.removeprefix("bpp ")
    return f"Percent right at {at} bpp, with 95 % intervals.\n\n{Table('', head, body, words=5).markdown()}"


def contributions(report: Report) -> str:
    """What the full system has over each ablation, paired: whether each of the paper's parts helps here."""
    found = {(row["method"], row["rate"]): row["overall"] for row in report["ablation_differences"]}
    names = [name for name in measured(report, list(ABLATIONS)) if name != FULL]
    if not names or not found:
        return ""
    rates = [row["rate"] for row in report["rows"] if row["method"] == FULL]
    head = ("against", *rates, "the full system is")
    body = []
    for name in names:
        gains = [_reversed(found[name, rate]) for rate in rates if (name, rate) in found]
        cells = [gain_cell(_reversed(found[name, rate])) if (name, rate) in found else "–" for rate in rates]
        body.append((name, *cells, _direction(gains)))
    return (
        f"Accuracy of `{FULL}` minus that of each variant, percentage points, paired over scenes. In the paper the "
        f"full system is ahead of every variant.\n\n{Table('', head, tuple(body), words=1).markdown()}"
    )


def _reversed(gain: Mapping[str, float]) -> dict[str, float]:
    return {"points": -gain["points"], "low": -gain["high"], "high": -gain["low"]}


def _direction(gains: Sequence[Mapping[str, float]]) -> str:
    """What the intervals at all rates say together."""
    ahead, behind = sum(gain["low"] > 0 for gain in gains), sum(gain["high"] < 0 for gain in gains)
    if ahead and behind:
        return "ahead at some rates, behind at others"
    if not ahead and not behind:
        return "neither ahead nor behind"
    count = ahead or behind
    where = "" if count == len(gains) else f" at {count} of {len(gains)} rates"
    return f"{'ahead' if ahead else 'behind'}{where}"


def _parts(report: Report, name: str) -> Iterator[str]:
    for part in PARTS.get(name, ("none", "no", "yes", "–")):
        yield part.format_map(report["guidance"])


def _shares(row: Mapping[str, Any]) -> Iterator[str]:
    for cell in (row["overall"], *(row["levels"].get(level) for level in LEVELS)):
        yield share_cell(cell)


def middle_rate(report: Report) -> str:
    """Label of the middle one of the rates that the base codec was measured at."""
    rates = [row["rate"] for row in report["rows"] if row["method"] == BASE]
    return str(rates[len(rates) // 2])


def necks(report: Report) -> str:
    """Transform-necks beside adapters, at every rate."""
    names = measured(report, [BASE, "without-guidance", FULL, *NECKS, JOINT, FULL_JOINT])
    if not set(names) & set(NECKS):
        return ""
    head = ("method", "rate", "bpp", "all", *LEVELS)
    body = tuple(
        (row["method"], row["rate"].removeprefix("bpp "), f"{row['bpp']:.3f}", *_shares(row))
        for name in names
        for row in report["rows"]
        if row["method"] == name
    )
    return Table("", head, body, words=1).markdown()


def complexity(report: Report) -> str:
    """Parameters and multiply-accumulates of all parts."""
    rows = tuple(
        (group["name"], part["name"], f"{part['parameters']:,}", f"{part['kmacs_per_pixel']:.3f}")
        for group in report["complexity"]
        for part in group["parts"]
    )
    return Table("", ("of", "part", "parameters", "kMAC/pixel"), rows).markdown()


def times(report: Report) -> str:
    """Median times of all methods, beside the base codec's."""
    timings = report["timings"]
    stages = ("encode", "decode", "tokens")
    rows = tuple((row["method"], *(_time(row[stage]) for stage in stages)) for row in timings["methods"])
    head = ("method", "encode", "decode", "bytes to tokens")
    threads = "thread" if timings["threads"] == 1 else "threads"
    return (
        f"Median milliseconds of {timings['scenes']} scenes at quality {timings['quality']:g} of each method's own "
        f"scale, all methods in turn on each scene, {timings['threads']} {threads}; in brackets the median ratio to "
        f"`{BASE}`. Encoding has guidance in it, and bytes to tokens all that a server does before the language "
        f"model: decoding, tower, adapter or neck. The paper, against its base codec: {PAPER_TIMES}.\n\n"
        f"{Table('', head, rows, words=1).markdown()}"
    )


def _time(stage: Mapping[str, float]) -> str:
    return f"{1e3 * stage['seconds']:.1f} ({signed(100 * (stage['ratio'] - 1), 0)} %)"
