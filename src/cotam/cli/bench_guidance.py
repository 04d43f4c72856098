"""``cotam bench guidance``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cotam.cli.bench_tables import print_guidance
from cotam.cli.console import messages, say
from cotam.cli.options import DEFAULT_MODEL, Device, Model, Threads


def guidance(
    images: Annotated[Path, typer.Option("--images", metavar="DIR", help="Folder of pictures.")],
    repeat: Annotated[int, typer.Option(min=1, metavar="N", help="Rounds of timing; medians count.")] = 9,
    model: Model = DEFAULT_MODEL,
    device: Device = None,
    threads: Threads = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", dir_okay=False, help="Write the report as JSON.")
    ] = None,
) -> None:
    """Measure guidance: bytes and PSNR that a user's map moves at equal size, side information, time."""
    from cotam.codec import load_codec
    from cotam.evaluation.reports import new_report, write_report

    codec = load_codec(model, device=device, threads=threads)
    report = {"model": codec.name, "model_id": codec.model_id.hex(), **_measure(codec, images, repeat)}
    print_guidance(report)
    if json_file:
        write_report(json_file, {**new_report("guidance"), **report})


def _measure(codec: Any, images: Path, repeat: int) -> dict[str, Any]:
    from rich.progress import track

    from cotam.errors import ImageError
    from cotam.evaluation.guidance_bench import moved_bytes, side_information, summary
    from cotam.evaluation.guidance_speed import time_guidance
    from cotam.evaluation.rate import Unreadable, pictures_of, readable_pictures
    from cotam.evaluation.synthetic import synthetic_picture

    moved, streams, sides = [], [], []
    total = len(pictures_of(images))
    for picture in track(
        readable_pictures(images), description="coding", total=total, console=messages(), transient=True
    ):
        if isinstance(picture, Unreadable):
            say(f"not read: {picture.reason}")
            continue
        rows, stream = moved_bytes(codec, *picture)
        moved += rows
        streams.append(stream)
        sides += side_information([picture])
    if not streams:
        raise ImageError(f"{images}: holds no picture that can be read")
    timing = time_guidance(codec, synthetic_picture(768, 512), repeat)
    return {"pictures": len(streams), "timing": timing, **summary(moved, streams, sides)}
