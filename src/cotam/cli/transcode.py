"""``cotam transcode``."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from cotam.cli import options
from cotam.data.listing import Form

if TYPE_CHECKING:
    from cotam.transcoding import Coding, Report
    from cotam.transcoding.coding import Engine
    from cotam.transcoding.manifest import Record

FORMS = get_args(Form)


def transcode(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SRC", help="A folder of pictures, WebDataset shards (.tar) or Parquet files."
        ),
    ],
    target: Annotated[Path, typer.Argument(metavar="DST", help="Folder of streams and manifest.jsonl.")],
    quality: options.Quality = None,
    target_bytes: options.TargetBytes = None,
    guidance: Annotated[
        str | None,
        typer.Option(
            "--guidance", metavar="TEXT", help="Where bits go, such as saliency or clip:layers=0-2."
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--to", metavar="|".join(FORMS), help="What a folder of pictures becomes."),
    ] = None,
    column: Annotated[
        str | None,
        typer.Option("--column", metavar="NAME", help="Column of the pictures in Parquet files."),
    ] = None,
    per_unit: Annotated[
        int,
        typer.Option("--per-file", min=1, metavar="N", help="Streams of a file that is made of a folder."),
    ] = 10_000,
    keep_metadata: Annotated[
        bool, typer.Option("--keep-metadata", help="Keep EXIF, ICC profile and XMP of pictures.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=1,
            metavar="N",
            help="Processes; by default one for each core, and one alone on a GPU.",
        ),
    ] = None,
    on_ray: Annotated[
        bool, typer.Option("--ray", help="Code on a Ray cluster (RAY_ADDRESS), or on one of this machine.")
    ] = False,
    batch: Annotated[
        int, typer.Option("--batch", min=1, metavar="N", help="Pictures at a time on a GPU.")
    ] = 1,
    retry: Annotated[bool, typer.Option("--retry", help="Code again what failed before.")] = False,
    model: options.Model = options.DEFAULT_MODEL,
    device: options.Device = None,
    as_json: options.Json = False,
) -> None:
    """Turn a whole data set into .cotam streams: folders, WebDataset shards, or Parquet files as on Hugging Face.

    DST gets the same names, what else is in shards and tables, and manifest.jsonl with a line for each picture. The
    same command goes on after an interruption, and does nothing where all is done. Pictures that fail are listed.
    """
    from cotam.cli.running import BAD_DATA
    from cotam.transcoding import Coding

    rate = options.chosen_rate(quality, target_bytes)
    if form is not None and form not in FORMS:
        raise ValueError(f"--to must be one of {', '.join(FORMS)}, not {form!r}")
    coding = Coding(model, rate.quality, rate.target_bytes, guidance, keep_metadata, device, batch)
    report = _run(
        source, target, coding, workers, on_ray, form=form, column=column, per_unit=per_unit, retry=retry
    )
    _tell(report, target, as_json)
    raise typer.Exit(BAD_DATA if report.failed else 0)


def _run(
    source: str, target: Path, coding: "Coding", workers: int | None, on_ray: bool, **chosen: Any
) -> "Report":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from cotam.cli.console import messages, report
    from cotam.transcoding import transcode as carry_out

    console = messages()
    columns = (TextColumn("transcoding"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("transcoding", total=None)

        def advance(settled: int, items: int, record: "Record | None") -> None:
            progress.update(bar, completed=settled, total=items)
            if record is not None and not record.done:
                report(f"{record.key}: {record.reason}")

        engine = _ray_engine(workers) if on_ray else None
        workers = workers or (1 if (coding.device or "cpu").startswith("cuda") else _cores())
        return carry_out(source, target, coding, workers=workers, engine=engine, advance=advance, **chosen)


def _ray_engine(workers: int | None) -> "Engine":
    from cotam.transcoding.on_ray import code_on_ray, require_ray

    require_ray()
    return partial(code_on_ray, workers=workers)


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _tell(report: "Report", target: Path, as_json: bool) -> None:
    from cotam.cli.console import plural, print_json, say, size_text

    if as_json:
        print_json({**report.to_dict(), "manifest": str(target / "manifest.jsonl")})
    parts = [f"{plural(report.items, 'item')}, {report.done:,} coded"]
    if report.done:
        parts.append(f"{size_text(report.bytes_in)} in, {size_text(report.bytes_out)} out")
    parts.append(f"{report.seconds:.1f} s")
    if report.before:
        parts.append(f"{report.before:,} settled before")
    if report.failed:
        parts.append(f"{len(report.failed):,} FAILED (named in {target / 'manifest.jsonl'})")
    say(", ".join(parts))
