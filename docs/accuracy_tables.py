"""What ``cotam eval levelvqa`` reports, to Markdown."""

from pathlib import Path

from tables import load, made_by, markdown_table

from cotam.evaluation.accuracy.cells import accuracy_table, difference_table, share_cell
from cotam.levelvqa.answer_files import questions_of_ids
from cotam.levelvqa.scoring import score


def brief(path: Path) -> str:
    """Accuracy of every method at every rate, all questions."""
    report = load(path)
    rates = list(dict.fromkeys(row["rate"] for row in report["rows"] if row["rate"] != "lossless"))
    found = {(row["method"], row["rate"]): share_cell(row["overall"]) for row in report["rows"]}
    names = [row["method"] for row in report["methods"] if (row["method"], rates[0]) in found]
    rows = [[f"`{name}`", *(found[name, rate] for rate in rates)] for name in names]
    heads = [rate.replace("bpp ", "") + " bpp" for rate in rates]
    table = markdown_table(["method", *heads], rows, right=range(1, 1 + len(rates)))
    return (
        f"{table}\n\nPercent of questions on {report['scenes']:,} unseen scenes that the embedded model answers "
        f"rightly, with 95 % intervals. The original picture: {found['png', 'lossless']} %."
    )


def by_level(path: Path) -> str:
    """Accuracy of every method at every rate, by level."""
    report = load(path)
    table = accuracy_table(report)
    return f"{table.markdown()}\n\n{table.title}; scenes of the `{report['split']}` split; {made_by(report)}."


def gains(path: Path) -> str:
    """Gains over the anchor at equal bytes, by level."""
    table = difference_table(load(path))
    return f"{table.markdown()}\n\n{table.title}, with 95 % intervals."


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
