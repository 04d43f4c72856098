"""``cotam eval reproduce``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cotam.cli.console import say
from cotam.cli.eval_options import (
    Cache,
    MllmName,
    Workers,
    interruptible,
    load_answerers,
    measure,
    numbers,
    open_cache,
)
from cotam.cli.files import check_output
from cotam.cli.levelvqa_options import progress_bar
from cotam.cli.options import DEFAULT_MODEL, Device, Model, Threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cotam.evaluation.answerers import Answerers
    from cotam.evaluation.methods import Method
    from cotam.evaluation.reproduce.experiment import Scale

RESULTS, PAGE = Path("benchmarks", "results", "reproduce.json"), Path("docs", "results.md")
QUICK_RESULTS, QUICK_PAGE = Path("reproduce-quick.json"), Path("reproduce-quick.md")


def reproduce(
    quick: Annotated[
        bool, typer.Option("--quick", help="Few scenes and rates: minutes, and no conclusions.")
    ] = False,
    num: Annotated[int | None, typer.Option(metavar="N", help="How many scenes; by default 1000.")] = None,
    bpp: Annotated[
        str | None,
        typer.Option(metavar="R,R,…", help="Rates in bits per pixel; by default eight, 0.05 to 0.8."),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help=f"Report to write. (default: {RESULTS.as_posix()})"),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help=f"Page to write, with its plots. (default: {PAGE.as_posix()})"),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Measure nothing; write the page of this report."),
    ] = None,
    mllm: MllmName = None,
    model: Model = DEFAULT_MODEL,
    guidance: Annotated[
        str | None, typer.Option(metavar="TEXT", help="CoTAM's guidance; by default the MLLM's own tower.")
    ] = None,
    deep_guidance: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What deep-layer-guidance is.")
    ] = None,
    cache: Cache = None,
    workers: Workers = None,
    device: Device = None,
    threads: Threads = None,
) -> None:
    """Measure the papers' main figures and tables at the scale of a desk, and write the results page.

    Methods whose adapters are not there are left out, and the page says so. The full run takes hours; one that is
    stopped goes on when it is started again.
    """
    from cotam.evaluation.rate_plot import require_matplotlib
    from cotam.evaluation.reports import write_report
    from cotam.evaluation.reproduce.page import write_page

    results, target = (
        json_file or (QUICK_RESULTS if quick else RESULTS),
        page or (QUICK_PAGE if quick else PAGE),
    )
    require_matplotlib()
    for path in (target,) if source else (results, target):
        check_output(str(path), "")
    if source:
        report = _read(source)
    else:
        texts = guidance, deep_guidance
        report = _measured(
            quick, num, numbers(bpp, "--bpp"), mllm, model, texts, cache, workers, device, threads
        )
        write_report(results, report)
    say(", ".join(str(path) for path in write_page(report, target)))


def _measured(
    quick: bool,
    num: int | None,
    bpps: tuple[float, ...],
    mllm: str | None,
    model: str,
    texts: tuple[str | None, str | None],
    cache: Path | None,
    workers: int | None,
    device: str | None,
    threads: int | None,
) -> dict[str, Any]:
    from cotam.evaluation.accuracy.report import accuracy_report, rounded
    from cotam.evaluation.methods import AblationGuidance
    from cotam.evaluation.reports import new_report
    from cotam.evaluation.reproduce.experiment import (
        BASE,
        QUICK,
        WHOLE,
        Scale,
        against_conventional,
        against_full,
        experiment,
        extras,
        make_methods,
    )

    usual = QUICK if quick else WHOLE
    scale = Scale(num or usual.scenes, bpps or usual.bpps, usual.timed_scenes)
    default = AblationGuidance()
    guidance = AblationGuidance(texts[0] or default.shallow, texts[1] or default.deep)
    answerers = load_answerers(mllm, device, threads)
    made = make_methods(answerers, model, guidance)
    for name, why in made.left_out.items():
        say(f"left out: {name}: {why}")
    plan = experiment(made, scale, model, guidance)
    measured = measure(plan, list(made.methods), answerers, open_cache(cache), workers)
    beside = {
        **extras(made, quick, model, guidance),
        "ablation_differences": against_full(measured),
        "bd_rates_against_conventional": against_conventional(measured),
        "timings": _timings(made.methods, answerers, scale),
    }
    return {**new_report("reproduce"), **accuracy_report(measured, BASE), **rounded(beside)}


def _timings(methods: "Sequence[Method]", answerers: "Answerers", scale: "Scale") -> dict[str, Any]:
    from cotam.evaluation.reproduce.experiment import BASE
    from cotam.evaluation.reproduce.timing import time_methods

    with interruptible(), progress_bar() as bar:
        task = bar.add_task("timing", total=scale.timed_scenes + 1)
        return time_methods(
            methods, answerers, BASE, scale.timed_scenes, lambda done: bar.advance(task, done)
        )


def _read(path: Path) -> dict[str, Any]:
    """Read a report of this command.

    Raises:
        DatasetError: it is none.
    """
    from cotam.errors import DatasetError

    try:
        report = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path}: is no report that can be read ({error})") from error
    if not isinstance(report, dict) or report.get("measurement") != "reproduce":
        raise DatasetError(f"{path}: is no report of cotam eval reproduce")
    return report
