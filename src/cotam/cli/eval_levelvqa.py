"""``cotam eval levelvqa``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cotam.cli.console import say
from cotam.cli.eval_options import (
    Cache,
    JsonFile,
    MllmName,
    Workers,
    load_answerers,
    measure,
    numbers,
    open_cache,
)
from cotam.cli.files import check_output
from cotam.cli.levelvqa_options import Size, Split, Start, Variant
from cotam.cli.options import DEFAULT_MODEL, Device, Model, Threads

if TYPE_CHECKING:
    from cotam.evaluation.accuracy.plan import Plan
    from cotam.evaluation.accuracy.run import Measured

DEFAULT_METHODS = "png,jpeg,webp,avif,cotam-s"


def levelvqa(
    method: Annotated[
        str,
        typer.Option(
            "--method",
            metavar="NAME,…",
            help="png, jpeg, webp, avif, cotam-s, cotam-s+GUIDANCE, …+adapter, bridge-d1, full-joint, "
            "or an ablation's name.",
        ),
    ] = DEFAULT_METHODS,
    qualities: Annotated[
        str | None, typer.Option(metavar="Q,Q,…", help="Each method at these qualities of its own scale.")
    ] = None,
    bpp: Annotated[
        str | None,
        typer.Option(metavar="R,R,…", help="Every picture in at most so many bits per pixel: equal bytes."),
    ] = None,
    jpeg_share: Annotated[
        str | None,
        typer.Option(
            metavar="S,S,…", help="Every picture in at most this share of its bytes as JPEG of quality 75."
        ),
    ] = None,
    num: Annotated[int, typer.Option(metavar="N", help="How many scenes.")] = 1000,
    seed_start: Start = 0,
    split: Split = "test",
    size: Size = 224,
    variant: Variant = "standard",
    mllm: MllmName = None,
    model: Model = DEFAULT_MODEL,
    anchor: Annotated[
        str | None, typer.Option(metavar="NAME", help="What BD-rates compare with; by default cotam-s.")
    ] = None,
    guidance: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What ablations call guidance; by default the MLLM's.")
    ] = None,
    deep_guidance: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What deep-layer-guidance is.")
    ] = None,
    similarity: Annotated[
        bool, typer.Option("--similarity", help="Also the similarity of the tower's tokens, by layer.")
    ] = False,
    json_file: JsonFile = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Write HTML, plots, Markdown and JSON.")
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the answers, for cotam levelvqa score and cotam analyze."),
    ] = None,
    cache: Cache = None,
    workers: Workers = None,
    device: Device = None,
    threads: Threads = None,
) -> None:
    """Measure rate against accuracy: real streams of unseen scenes, and an MLLM's answers to their questions.

    A run that is stopped goes on when it is started again: whatever is measured is kept.
    """
    from cotam.evaluation.accuracy.pages import make_folder
    from cotam.evaluation.accuracy.plan import Plan
    from cotam.evaluation.accuracy.report import choose_anchor, write_answer_files
    from cotam.evaluation.methods import AblationGuidance, method_names
    from cotam.evaluation.rate_plot import require_matplotlib

    names = tuple(dict.fromkeys(method_names(method)))
    default = AblationGuidance()
    plan = Plan(
        names,
        numbers(qualities, "--qualities"),
        numbers(bpp, "--bpp"),
        num,
        seed_start,
        split,
        size,
        variant,
        model,
        AblationGuidance(guidance or default.shallow, deep_guidance or default.deep),
        num if similarity else 0,
        numbers(jpeg_share, "--jpeg-share"),
    )
    if anchor is not None:
        choose_anchor(names, anchor)
    if json_file:
        check_output(str(json_file), "")
    if out:
        require_matplotlib()
    for folder in (out, answers):
        if folder:
            make_folder(folder)
    measured = _measured(plan, mllm, cache, workers, device, threads)
    report = _report(measured, anchor)
    if answers:
        write_answer_files(measured, answers)
    _show(report, json_file, out)


def _measured(
    plan: "Plan",
    mllm: str | None,
    cache: Path | None,
    workers: int | None,
    device: str | None,
    threads: int | None,
) -> "Measured":
    from cotam.evaluation.methods import load_methods

    methods = load_methods(plan.methods, plan.model, plan.guidance)
    return measure(plan, methods, load_answerers(mllm, device, threads), open_cache(cache), workers)


def _report(measured: "Measured", anchor: str | None) -> dict[str, Any]:
    from cotam.evaluation.accuracy.report import accuracy_report, choose_anchor
    from cotam.evaluation.reports import new_report

    chosen = choose_anchor([one.name for one in measured.methods], anchor)
    return {**new_report("levelvqa-rate-accuracy"), **accuracy_report(measured, chosen)}


def _show(report: dict[str, Any], json_file: Path | None, out: Path | None) -> None:
    from cotam.cli.eval_tables import print_table
    from cotam.evaluation.accuracy.cells import problems, tables
    from cotam.evaluation.accuracy.pages import write_pages
    from cotam.evaluation.reports import write_report

    for table in tables(report):
        print_table(table)
    for line in problems(report):
        say(line)
    if json_file:
        write_report(json_file, report)
    if out:
        say(", ".join(str(path) for path in write_pages(report, out)))
