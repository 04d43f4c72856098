"""``cotam eval human``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cotam.cli.console import say
from cotam.cli.eval_options import JsonFile, numbers
from cotam.cli.files import check_output
from cotam.cli.levelvqa_options import progress_bar
from cotam.cli.options import DEFAULT_MODEL, Device, Model, Threads

if TYPE_CHECKING:
    from cotam.codec import Codec, Guide
    from cotam.evaluation.human import Seen

COLUMNS = ("psnr", "psnr_raised", "psnr_elsewhere", "ms_ssim", "ms_ssim_raised", "ms_ssim_elsewhere")
HEAD = ("way", "quality", "bpp", "PSNR", "raised", "elsewhere", "MS-SSIM", "raised", "elsewhere")


def human(
    images: Annotated[Path, typer.Option("--images", metavar="DIR", help="Folder of pictures.")],
    guidance: Annotated[
        str, typer.Option(metavar="TEXT", help="Such as saliency or clip:layers=0-2.")
    ] = "saliency",
    qualities: Annotated[
        str, typer.Option(metavar="Q,Q,…", help="Qualities of the uniform streams.")
    ] = "10,20,40,60",
    model: Model = DEFAULT_MODEL,
    json_file: JsonFile = None,
    device: Device = None,
    threads: Threads = None,
) -> None:
    """Measure what people see: PSNR and MS-SSIM without guidance, and with it in as many bytes.

    Of whole pictures, of the cells that guidance raises, and of all others.
    """
    from cotam.codec import load_codec
    from cotam.evaluation.human import as_row, summary
    from cotam.evaluation.methods.cotam import guide_named
    from cotam.evaluation.reports import new_report, write_report

    grid = numbers(qualities, "--qualities")
    if json_file:
        check_output(str(json_file), "")
    codec = load_codec(model, device=device, threads=threads)
    seen = _look_all(codec, guide_named(guidance), images, grid)
    means = summary(seen)
    _print(means)
    if json_file:
        report = {"model_id": codec.model_id.hex(), "guidance": guidance, "means": means}
        write_report(json_file, {**new_report("human"), **report, "rows": [as_row(row) for row in seen]})


def _look_all(codec: "Codec", guide: "Guide", images: Path, grid: tuple[float, ...]) -> "list[Seen]":
    from cotam.errors import ImageError
    from cotam.evaluation.human import look
    from cotam.evaluation.rate import Unreadable, pictures_of, readable_pictures

    seen: list[Seen] = []
    with progress_bar() as bar:
        total = len(pictures_of(images))
        for picture in bar.track(readable_pictures(images), total=total, description="coding"):
            if isinstance(picture, Unreadable):
                say(f"not read: {picture.reason}")
            else:
                seen += look(codec, guide, *picture, grid)
    if not seen:
        raise ImageError(f"{images}: holds no picture that can be read")
    return seen


def _print(means: list[dict[str, Any]]) -> None:
    from cotam.cli.eval_tables import print_table
    from cotam.evaluation.accuracy.cells import Table

    rows = tuple(
        (
            row["way"],
            f"{row['quality']:g}",
            f"{row['bpp']:.3f}",
            *(_cell(row[name], 4 if "ssim" in name else 2) for name in COLUMNS),
        )
        for row in means
    )
    title = f"{max(row['pictures'] for row in means)} pictures; raised: cells that guidance raises"
    print_table(Table(title, HEAD, rows, words=1))


def _cell(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
