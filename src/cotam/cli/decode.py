"""``cotam decode``."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cotam.cli import options, runtimes

if TYPE_CHECKING:
    from cotam.cli.converting import Kind
    from cotam.cli.figures import Figures
    from cotam.codec import Codec
    from cotam.edge import EdgeCodec

STREAM_SUFFIX = ".cotam"
DEFAULT_FORMAT = "png"


def decode(
    source: Annotated[
        str, typer.Argument(metavar="SRC", help="A stream, a folder of them, or - for standard input.")
    ],
    target: Annotated[
        str,
        typer.Argument(
            metavar="DST",
            help="The picture or clip (its suffix says the format), a folder, or - for standard output.",
        ),
    ],
    picture_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="png|jpg|webp|…",
            help="Format of folders and standard output; png by default.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="FILE",
            help="A model that does not ship with cotam, for the streams made with it.",
        ),
    ] = None,
    runtime: runtimes.Option = "auto",
    frame: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Decode frame N of a sequence, from 0, into a picture."),
    ] = None,
    salvage: Annotated[
        bool,
        typer.Option("--salvage", help="Take the whole frames of a sequence that is cut off or damaged."),
    ] = False,
    device: options.Device = None,
    threads: options.Threads = None,
    skip_existing: options.SkipExisting = False,
    as_json: options.Json = False,
) -> None:
    """Decode .cotam streams into pictures.

    Each stream names the model that made it; models that ship with cotam are found by themselves. Of a folder, every
    .cotam file goes to the same place below DST; streams that fail are named, and the rest done. Pictures are written
    whole or not at all: after an interruption, the same command with --skip-existing goes on where it stopped.

    A sequence of frames goes into a clip (mp4, webm, mkv, mov), an animation (gif, webp) or a folder of pictures; where
    DST is another picture, its first frame does.
    """
    from cotam.cli.converting import convert
    from cotam.cli.pictures import suffix_of_format
    from cotam.cli.video_decode import FRAMES, FrameChoice, convert_frames, takes_frames

    suffix = suffix_of_format(picture_format or DEFAULT_FORMAT)
    choice = FrameChoice(frame, salvage)
    if takes_frames(source, target, choice):
        chosen = runtimes.chosen_runtime(runtime, device, beyond_edge=FRAMES)
        kind = _decoding(suffix, model, runtimes.Machine(chosen, device, threads))
        raise typer.Exit(convert_frames(source, target, choice, kind, suffix, as_json=as_json))
    choice.check_unused(source)
    if target != options.STANDARD and not Path(source).is_dir():
        _check_suffix(target, picture_format)
    kind = _decoding(suffix, model, runtimes.Machine(runtime, device, threads))
    raise typer.Exit(convert(source, target, kind, skip_existing=skip_existing, as_json=as_json))


def _check_suffix(target: str, picture_format: str | None) -> None:
    from cotam.cli.pictures import suffix_of_format

    if picture_format is not None:
        raise ValueError(
            f"--format is for folders and standard output; here the suffix of {target} says the format"
        )
    if not Path(target).is_dir():
        suffix_of_format(Path(target).suffix or target)


def _decoding(suffix: str, model: str | None, machine: runtimes.Machine) -> "Kind":
    from cotam.cli.converting import Kind

    def prepare() -> Decoder:
        from cotam.checkpoint import find_model

        given_id = find_model(model).model_id if model is not None else None
        return Decoder(suffix, model, given_id, machine)

    return Kind("decoding", suffix, _streams, prepare)


def _streams(folder: Path) -> list[Path]:
    from cotam.cli.files import files_below

    return [path for path in files_below(folder) if path.suffix.lower() == STREAM_SUFFIX]


@dataclass(frozen=True)
class Decoder:
    """Decodes one stream after the other, each with the model that it names."""

    suffix: str
    """Format of what goes to standard output."""
    model: str | None
    """Model that is looked at before the shipped ones."""
    given_id: str | None
    """Id of that model."""
    machine: runtimes.Machine
    codecs: dict[str, "Codec | EdgeCodec"] = field(default_factory=dict)
    """Codecs loaded so far, by model id."""

    def __call__(self, source: str, target: str) -> "Figures":
        """Decode the stream ``source`` into the picture ``target``."""
        from cotam import read_info
        from cotam.cli.figures import figures
        from cotam.cli.files import naming, read_input
        from cotam.cli.pictures import write_picture

        start = time.perf_counter()
        data = read_input(source)
        with naming(source):
            info = read_info(data)
            image = self.codec(info.model_id).decode(data)
        bytes_out = write_picture(image, target, data, self.suffix)
        seconds = time.perf_counter() - start
        return figures(source, target, info, bytes_in=len(data), bytes_out=bytes_out, seconds=seconds)

    def codec(self, model_id: str) -> "Codec | EdgeCodec":
        """The codec of the model that a stream names.

        Raises:
            ModelError: it is neither the given one nor shipped.
        """
        from cotam.checkpoint.registry import model_of_stream

        if model_id not in self.codecs:
            if self.model is not None and model_id == self.given_id:
                name = self.model
            else:
                name = str(model_of_stream(bytes.fromhex(model_id)).path)
            self.codecs[model_id] = self.machine.load(name)
        return self.codecs[model_id]
