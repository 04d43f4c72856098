"""``cotam encode``."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cotam.cli import options

if TYPE_CHECKING:
    from cotam.cli.converting import Kind
    from cotam.cli.figures import Figures
    from cotam.codec import Codec

SUFFIX = ".cotam"


def encode(
    source: Annotated[
        str, typer.Argument(metavar="SRC", help="A picture, a folder of them, or - for standard input.")
    ],
    target: Annotated[
        str,
        typer.Argument(
            metavar="DST", help="The stream, a folder, or - for standard output; replaced if there."
        ),
    ],
    quality: options.Quality = None,
    target_bytes: options.TargetBytes = None,
    keep_metadata: Annotated[
        bool,
        typer.Option("--keep-metadata", help="Keep EXIF, ICC profile and XMP, which are dropped otherwise."),
    ] = False,
    model: options.Model = options.DEFAULT_MODEL,
    device: options.Device = None,
    threads: options.Threads = None,
    as_json: options.Json = False,
) -> None:
    """Encode pictures into .cotam streams.

    Anything Pillow reads is taken, upright, with transparency on white. Of a folder, every picture goes to the same
    place below DST; pictures that fail are named, and the rest done.
    """
    from cotam.cli.converting import convert

    rate = options.chosen_rate(quality, target_bytes)
    kind = _encoding(rate, keep_metadata, model, device, threads)
    raise typer.Exit(convert(source, target, kind, as_json=as_json))


def _encoding(
    rate: options.Rate, keep_metadata: bool, model: str, device: str | None, threads: int | None
) -> "Kind":
    from cotam.cli.converting import Kind
    from cotam.images import find_images

    def prepare() -> Encoder:
        from cotam import load_codec

        return Encoder(load_codec(model, device=device, threads=threads), rate, keep_metadata)

    return Kind("encoding", SUFFIX, find_images, prepare)


@dataclass(frozen=True)
class Encoder:
    """Encodes one picture after the other."""

    codec: "Codec"
    rate: options.Rate
    keep_metadata: bool

    def __call__(self, source: str, target: str) -> "Figures":
        """Encode the picture ``source`` into the stream ``target``."""
        from cotam import read_info
        from cotam.cli.figures import figures
        from cotam.cli.files import StandardInput, read_input, write_output

        start = time.perf_counter()
        standard = StandardInput(read_input(source)) if source == options.STANDARD else None
        bytes_in = len(standard.getbuffer()) if standard else Path(source).stat().st_size
        data = self.rate.encode(self.codec, standard or Path(source), self.keep_metadata)
        write_output(target, data)
        seconds = time.perf_counter() - start
        return figures(
            source, target, read_info(data), bytes_in=bytes_in, bytes_out=len(data), seconds=seconds
        )
