"""``cotam bench``: rate against rivals, exactness, conformance, speed, robustness, guidance, and peers."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cotam.cli.bench_conformance import conformance
from cotam.cli.bench_guidance import guidance
from cotam.cli.bench_options import Images, JsonFile, numbers, write
from cotam.cli.bench_peers import peers
from cotam.cli.bench_speed import speed
from cotam.cli.bench_tables import print_exactness, print_rates, print_robustness
from cotam.cli.console import messages, say
from cotam.cli.options import DEFAULT_MODEL, Device, Model, Threads

if TYPE_CHECKING:
    from rich.progress import Progress

    from cotam.codec import Codec
    from cotam.codec.temporal import TemporalCodec
    from cotam.evaluation.exactness import Mismatch, Sample

app = typer.Typer(
    help="Measure the codec; every figure comes with what made it.",
    no_args_is_help=True,
    add_completion=False,
)

app.command(epilog="Example: cotam bench guidance --images kodak --json guidance.json")(guidance)
app.command(epilog="Example: cotam bench conformance tests/conformance tests/conformance/cotam-s")(
    conformance
)
app.command(epilog="Example: cotam bench speed --threads 1,2 --repeat 9 --json speed.json")(speed)
app.command(epilog="Example: cotam bench peers --peers-python venv/bin/python --images kodak")(peers)


@app.command(
    epilog="Example: cotam bench rate --images kodak --codecs jpeg,webp,avif,cotam-s --json rate.json"
)
def rate(
    images: Images,
    codecs: Annotated[
        str, typer.Option(help="Names, with commas between; cotam-s+GUIDANCE too.")
    ] = "jpeg,webp,avif,cotam-s",
    qualities: Annotated[
        str | None, typer.Option(metavar="Q,Q,…", help="One grid for all codecs, instead of each one's own.")
    ] = None,
    anchor: Annotated[str, typer.Option(help="What the table compares with.")] = "jpeg",
    model: Model = DEFAULT_MODEL,
    json_file: JsonFile = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the curves here. (default: beside the JSON file, as .png)"),
    ] = None,
    threads: Threads = None,
) -> None:
    """Compare codecs: whole files, RGB PSNR and MS-SSIM, BD-rate over all pictures of a folder."""
    from cotam.evaluation.rate import pictures_of
    from cotam.evaluation.rate_plot import draw, require_matplotlib
    from cotam.evaluation.rate_report import measure_all, rate_report
    from cotam.evaluation.rivals import load_rivals, split_names

    plot = plot or (json_file.with_suffix(".png") if json_file else None)
    require_matplotlib()
    names, grid = split_names(codecs), numbers(qualities)
    if anchor not in names:
        raise ValueError(f"--anchor {anchor!r} is not one of --codecs {codecs}")
    total = len(pictures_of(images))
    _use_threads(threads)
    rivals = load_rivals(names, model)
    with _progress() as progress:
        task = progress.add_task(
            "coding", total=total * sum(len(grid or rival.qualities) for rival in rivals)
        )
        points, unreadable = measure_all(images, rivals, grid, lambda n: progress.advance(task, n))
    for picture in unreadable:
        say(f"not read: {picture.reason}")
    report, curves, against = rate_report(points, unreadable, rivals, anchor)
    print_rates(curves, [row for row in against if row.anchor == anchor], report)
    write(json_file, "rate", report)
    if plot:
        draw(curves, plot, f"Mean of {report['pictures']} pictures")


@app.command(epilog="Example: cotam bench exactness --images kodak --export streams.zip")
def exactness(
    images: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of pictures to encode.")] = None,
    export: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write streams and what they decode to.")
    ] = None,
    verify: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Decode what --export wrote, perhaps elsewhere.")
    ] = None,
    compiled: Annotated[bool, typer.Option("--compile", help="Also through torch.compile (slow).")] = False,
    model: Model = DEFAULT_MODEL,
    device: Device = None,
    json_file: JsonFile = None,
) -> None:
    """Decode streams in every way this machine has, and compare all integers; exit code 1 on a difference."""
    from cotam.evaluation.exactness_archive import read_archive, write_archive
    from cotam.evaluation.reports import new_report

    if (images is None) == (verify is None) or (export and verify):
        raise ValueError("give --images, with or without --export, or --verify")
    origin = new_report("exactness")
    if verify:
        samples, origin = read_archive(verify)
    else:
        assert images is not None
        samples = _make_samples(images, model, device)
    if export:
        write_archive(export, samples, origin)
        say(f"{export}: {len(samples)} streams")
        return
    report = {"origin": origin, **_decode_every_way(samples, model, compiled)}
    print_exactness(report)
    write(json_file, "exactness", report)
    raise typer.Exit(1 if report["mismatches"] else 0)


@app.command(epilog="Example: cotam bench robustness --num 20000 --seed 1 --json robustness.json")
def robustness(
    num: Annotated[int, typer.Option(min=1, metavar="N", help="Spoilt streams to decode.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, metavar="S", help="Which streams.")] = 0,
    model: Model = DEFAULT_MODEL,
    threads: Threads = None,
    json_file: JsonFile = None,
) -> None:
    """Decode spoilt streams; exit code 1 if one gives anything but a picture or a clear refusal."""
    from cotam.codec import load_codec
    from cotam.evaluation.frames import decode_all
    from cotam.evaluation.robustness import summary, try_stream, valid_streams

    codec = load_codec(model, threads=threads)
    streams = valid_streams(codec, _temporal_of(codec))
    decode = partial(decode_all, codec)
    for data in streams:
        decode(data)
    with _progress() as progress:
        task = progress.add_task("decoding", total=num)
        outcomes = []
        for index in range(num):
            outcomes.append(try_stream(decode, codec.model_id, seed, index, streams))
            progress.advance(task)
    report = {"num": num, "seed": seed, **summary(outcomes)}
    print_robustness(report)
    write(json_file, "robustness", report)
    raise typer.Exit(1 if report["failures"] else 0)


def _temporal_of(codec: "Codec") -> "TemporalCodec | None":
    """The codec with networks of predicted frames, if any ship for it."""
    from cotam.checkpoint.temporal_cards import known_temporal
    from cotam.codec.temporal import load_temporal_codec

    known = {card.base_id for card in known_temporal()}
    return load_temporal_codec(codec) if codec.model_id.hex() in known else None


def _make_samples(images: Path, model: str, device: str | None) -> "list[Sample]":
    from cotam.codec import load_codec
    from cotam.evaluation.exactness import make_samples
    from cotam.evaluation.rate import Unreadable, pictures_of, readable_pictures

    total, codec = len(pictures_of(images)), load_codec(model, device=device)
    samples: list[Sample] = []
    with _progress() as progress:
        for picture in progress.track(readable_pictures(images), total=total, description="encoding"):
            if isinstance(picture, Unreadable):
                say(f"not read: {picture.reason}")
            else:
                samples += make_samples(codec, *picture)
    return samples


def _decode_every_way(samples: "Sequence[Sample]", model: str, compiled: bool) -> dict[str, Any]:
    from cotam.errors import ModelError
    from cotam.evaluation.exactness import mismatches, model_ids
    from cotam.evaluation.variations import variations

    found: list[Mismatch] = []
    not_run: dict[str, str] = {}
    ways = variations(model, compiled=compiled)
    with _progress() as progress:
        for way in ways:
            try:
                results = mismatches(way, way.load(), samples)
            except ModelError as error:  # an edge runtime without this model
                not_run[way.name] = str(error)
                continue
            tracked = progress.track(results, total=len(samples), description=way.name)
            found += [result for result in tracked if result]
    counts = Counter(mismatch.variation for mismatch in found)
    return {
        "streams": len(samples),
        "models": model_ids(samples),
        "variations": {way.name: counts[way.name] for way in ways if way.name not in not_run},
        "not_run": not_run,
        "mismatches": [asdict(mismatch) for mismatch in found],
    }


@contextmanager
def _progress() -> "Iterator[Progress]":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=messages()) as progress:
        yield progress


def _use_threads(threads: int | None) -> None:
    if threads:
        import torch

        torch.set_num_threads(threads)
