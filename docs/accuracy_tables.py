"""What ``cotam eval levelvqa`` reports, to Markdown."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tables import load, made_by, markdown_table

from cotam.evaluation.accuracy.cells import accuracy_table, share_cell, signed
from cotam.evaluation.accuracy.figures import EXCESS
from cotam.levelvqa.answer_files import questions_of_ids
from cotam.levelvqa.scoring import score

BRIEFLY = {
    "jpeg": "JPEG",
    "webp": "WebP",
    "avif": "AVIF",
    "cotam-s": "`cotam-s`",
    "full": "with guidance and adapter (CoTAM)",
    "without-guidance": "with the adapter alone",
    "bridge-d1": "through a neck, codec frozen (Bridge, d1)",
    "bridge-d2": "codec for people and machines (Bridge, d2)",
    "bridge-d3": "codec for machines only (Bridge, d3)",
    "cotam-s-joint+adapter": "codec that learned with the adapter",
    "full-joint": "the same with guidance",
}
"""Methods of the README, in words."""


def brief(path: Path) -> str:
    """Accuracy of the main methods at every rate, all questions, and BD-rates."""
    report = load(path)
    rates = list(dict.fromkeys(row["rate"] for row in report["rows"] if row["rate"] != "lossless"))
    found = {
        (row["method"], row["rate"]): share_cell(row["overall"]) for row in report["rows"] if _keeps_to(row)
    }
    bd_rates = {row["method"]: row for row in report["bd_rates"] if row["group"] == "overall"}
    rows = [
        [words, *(found.get((name, rate), "–") for rate in rates), _bd_rate(bd_rates.get(name))]
        for name, words in BRIEFLY.items()
        if (name, rates[-1]) in found
    ]
    heads = [rate.replace("bpp ", "") + " bpp" for rate in rates]
    table = markdown_table(["", *heads, "BD-rate"], rows, right=range(1, 2 + len(rates)))
    return (
        f"{table}\n\nPercent of questions on {report['scenes']:,} unseen scenes that the embedded model answers "
        f"rightly at equal bytes (– where a codec cannot make pictures so small), and BD-rate on accuracy against "
        f"`{report['anchor']}`, with 95 % intervals. The original picture: {found['png', 'lossless']} %; "
        f"{made_by(report)}."
    )


def _keeps_to(row: Mapping[str, Any]) -> bool:
    """Whether pictures take the bytes that they may, in the mean, or there is no limit."""
    kind, _, limit = row["rate"].partition(" ")
    return kind != "bpp" or row["bpp"] <= EXCESS * float(limit)


def _bd_rate(row: Mapping[str, Any] | None) -> str:
    if row is None or row["percent"] is None or row["interval"] is None:
        return "–"
    low, high = row["interval"]
    return f"{signed(row['percent'])} % ({signed(low)} to {signed(high)})"


def by_level(path: Path) -> str:
    """Accuracy of every method at every rate, by level."""
    report = load(path)
    table = accuracy_table(report)
    return f"{table.markdown()}\n\n{table.title}; scenes of the `{report['split']}` split; {made_by(report)}."


def lmms(path: Path) -> str:
    """What lmms-eval itself reports of a run, beside `cotam levelvqa score` on the answers of that run."""
    report = load(path)
    answers = {row["id"]: row["answer"] for row in report["answers"]["levelvqa"]}
    scored = score(answers, questions_of_ids(list(answers)))
    own = {"accuracy": scored.overall, **scored.levels}
    found = report["tasks"]["levelvqa"]
    rows = [[name, f"{found[name]:.2f}", f"{share.percent:.2f}"] for name, share in own.items()]
    table = markdown_table(["metric", "lmms-eval", "`cotam levelvqa score`"], rows, right=(1, 2))
    return (
        f"{table}\n\n{scored.scenes} exported scenes, {len(answers)} questions, `{report['method']}` at "
        f"{report['bpp']:.4f} bpp, lmms-eval {report['lmms_eval']}; {made_by(report)}."
    )
