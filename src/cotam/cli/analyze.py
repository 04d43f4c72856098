"""``cotam analyze``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cotam.cli import options

if TYPE_CHECKING:
    from cotam.analysis.coding import CodingPlan
    from cotam.analysis.results import Results
    from cotam.analysis.sources import Source
    from cotam.evaluation.rate import Unreadable
    from cotam.vision import Tower

DEFAULT_RATES = "0.1,0.2,0.4,0.8"
DEFAULT_CODECS = "jpeg,webp,avif,cotam-s"


def analyze(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for report, plots and JSON.")
    ],
    tower: Annotated[
        str, typer.Option(metavar="NAME|DIR", help="Vision tower: embedded, a short name, hub id or folder.")
    ] = "embedded",
    images: Annotated[
        Path | None, typer.Option("--images", metavar="DIR", help="Folder of pictures, of any sizes.")
    ] = None,
    levelvqa: Annotated[
        int | None,
        typer.Option(
            "--levelvqa", min=1, metavar="N", help="N test scenes of LevelVQA, instead of a folder."
        ),
    ] = None,
    codecs: Annotated[
        str, typer.Option(help="Names, with commas between; cotam-s+GUIDANCE too.")
    ] = DEFAULT_CODECS,
    qualities: Annotated[
        str | None,
        typer.Option(metavar="Q,Q,…", help="Qualities, the same for all codecs, instead of rates."),
    ] = None,
    bpp: Annotated[
        str | None,
        typer.Option(
            "--bpp", metavar="R,R,…", help=f"Bits per pixel for each picture; {DEFAULT_RATES} by default."
        ),
    ] = None,
    answers: Annotated[
        list[str] | None,
        typer.Option(
            metavar="original=FILE|CODEC@BPP=FILE|DIR",
            help="Answers to LevelVQA, scored beside it; repeatable. A folder is one of cotam eval levelvqa --answers.",
        ),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Where single pictures' measures are kept. (default: in --out, pictures/)"
        ),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, metavar="N", help="Pictures in the tower at a time.")] = 8,
    model: options.Model = options.DEFAULT_MODEL,
    device: options.Device = None,
    threads: options.Threads = None,
    as_json: options.Json = False,
) -> None:
    """Show layer by layer what coding does to a vision tower: attention, token similarity, stages, findings.

    Writes analysis.html, analysis.json and plots. A run that was cut off goes on where it was.
    """
    from cotam.analysis.accuracy import read_accuracies
    from cotam.analysis.towers import find_tower
    from cotam.analysis.writing import KEPT, write_analysis
    from cotam.cli.console import print_json, working
    from cotam.evaluation.rate_plot import require_matplotlib

    if answers and levelvqa is None:
        raise ValueError("--answers are of LevelVQA's questions: they need --levelvqa")
    source = _source(images, levelvqa)
    require_matplotlib()
    _prepare(out, threads)
    accuracy = read_accuracies(answers or ())
    plan = _plan(codecs, qualities, bpp, model)
    with working("loading the tower"):
        loaded = find_tower(tower, device)
    results, unreadable = _run(loaded, source, plan, keep or out / KEPT, batch)
    with working("writing the report"):
        report = write_analysis(out, loaded, source, plan, results, unreadable, accuracy)
    _tell(out, report)
    if as_json:
        print_json(report)


def _source(images: Path | None, levelvqa: int | None) -> "Source":
    from cotam.analysis.sources import LevelvqaScenes, PictureFolder

    if (images is None) == (levelvqa is None):
        raise ValueError("name a folder of pictures with --images, or a number of scenes with --levelvqa")
    source = PictureFolder(images) if images is not None else LevelvqaScenes(levelvqa or 0)
    len(source)  # a folder without pictures is refused before anything is loaded
    return source


def _plan(codecs: str, qualities: str | None, bpp: str | None, model: str) -> "CodingPlan":
    from cotam.analysis.coding import CodingPlan
    from cotam.evaluation.rivals import load_rivals, split_names

    if qualities is not None and bpp is not None:
        raise ValueError("--qualities and --bpp exclude each other: choose one")
    settings = _numbers(DEFAULT_RATES if bpp is None and qualities is None else bpp or qualities or "")
    rivals = tuple(load_rivals(split_names(codecs), model))
    return CodingPlan(rivals, "bpp" if qualities is None else "quality", settings)


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(sorted({float(word) for word in text.split(",") if word.strip()}))
    except ValueError as error:
        raise ValueError(f"{text!r} is no list of numbers such as {DEFAULT_RATES}") from error


def _prepare(out: Path, threads: int | None) -> None:
    """Make the folder of the report, and set the number of threads."""
    import torch

    if out.exists() and not out.is_dir():
        raise ValueError(f"{out}: is a file; a folder is needed")
    out.mkdir(parents=True, exist_ok=True)
    if threads:
        torch.set_num_threads(threads)


def _run(
    tower: "Tower", source: "Source", plan: "CodingPlan", keep: Path, batch: int
) -> "tuple[Results, list[Unreadable]]":
    """Measure behind a progress bar."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from cotam.analysis.analysing import analyse
    from cotam.cli.console import messages

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    console = messages()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("looking", total=len(source))
        return analyse(
            tower, source, plan, keep, batch=batch, advance=lambda done: progress.advance(task, done)
        )


def _tell(out: Path, report: dict[str, Any]) -> None:
    """Say what was found, and what was left out."""
    from cotam.analysis.writing import PAGE_FILE
    from cotam.cli.console import plural, say

    for finding in report["findings"]:
        say(f"{finding['verdict']}: {finding['claim']} ({finding['evidence']})")
    for row in report["unreadable"]:
        say(f"left out: {row['reason']}")
    say(f"{out / PAGE_FILE}: {plural(report['pictures'], 'picture')}")
