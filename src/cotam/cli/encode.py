"""``cotam encode``."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cotam.cli import guidance_options as guiding
from cotam.cli import options, runtimes

if TYPE_CHECKING:
    from cotam.cli.figures import Figures
    from cotam.codec import Codec, Guide
    from cotam.edge import EdgeCodec

SUFFIX = ".cotam"


def encode(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SRC",
            help="A picture or a clip, a folder of pictures, or - for standard input (a picture).",
        ),
    ],
    target: Annotated[
        str,
        typer.Argument(
            metavar="DST", help="The stream, a folder, or - for standard output; replaced if there."
        ),
    ],
    quality: options.Quality = None,
    target_bytes: options.TargetBytes = None,
    min_similarity: Annotated[
        float | None,
        typer.Option(
            metavar="S",
            help="Use the lowest quality at which a tower's tokens stay this close (cosine, 0..1).",
        ),
    ] = None,
    similarity_tower: Annotated[
        str | None,
        typer.Option(metavar="TOWER", help="The tower for --min-similarity; by default that of --guidance."),
    ] = None,
    similarity_layer: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Its tokens after N blocks; by default after all.")
    ] = None,
    guidance: guiding.Source = None,
    roi: guiding.Roi = None,
    levels: guiding.Levels = None,
    grid: guiding.Grid = None,
    layers: guiding.Layers = None,
    k: guiding.K = None,
    strength: guiding.Strength = None,
    prompt: guiding.Prompt = None,
    keep_metadata: Annotated[
        bool,
        typer.Option("--keep-metadata", help="Keep EXIF, ICC profile and XMP, which are dropped otherwise."),
    ] = False,
    fps: Annotated[
        float | None,
        typer.Option(
            metavar="R",
            help="Frames a second to take of a clip (1 by default), or that a folder of frames has.",
        ),
    ] = None,
    num_frames: Annotated[
        int | None, typer.Option(metavar="N", help="Take N frames of a clip, evenly, instead of --fps.")
    ] = None,
    scenes: Annotated[
        bool, typer.Option("--scenes", help="Take the --num-frames from the middles of as many scenes.")
    ] = False,
    steady: Annotated[
        bool,
        typer.Option(
            "--steady", help="Smooth the levels of --guidance along time; otherwise each frame is by itself."
        ),
    ] = False,
    key_interval: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="Predict frames from the one before; at least every Nth decodes by itself. 1: all of them do.",
        ),
    ] = 1,
    model: options.Model = options.DEFAULT_MODEL,
    runtime: runtimes.Option = "auto",
    device: options.Device = None,
    threads: options.Threads = None,
    skip_existing: options.SkipExisting = False,
    as_json: options.Json = False,
) -> None:
    """Encode pictures into .cotam streams.

    Anything Pillow reads is taken, upright, with transparency on white. Of a folder, every picture goes to the same
    place below DST; pictures that fail are named, and the rest done. Streams are written whole or not at all: after
    an interruption, the same command with --skip-existing goes on where it stopped.

    A clip (mp4, mkv, webm, …), an animated picture, and a folder where DST ends in .cotam, become one stream of frames.
    """
    from cotam.cli.converting import Kind, convert
    from cotam.cli.video_decode import FRAMES
    from cotam.cli.video_encode import SequenceOptions, convert_video, makes_a_sequence
    from cotam.images import find_images

    similarity = guiding.chosen_similarity(min_similarity, similarity_tower, similarity_layer, guidance)
    rate = options.chosen_rate(quality, target_bytes, similarity)
    choice = guiding.GuidanceChoice(guidance, tuple(roi or ()), levels, grid, layers, k, strength, prompt)
    frames = SequenceOptions(fps, num_frames, scenes, steady, key_interval)
    if makes_a_sequence(source, target):
        frames.check(keep_metadata=keep_metadata)
        runtimes.chosen_runtime(runtime, device, beyond_edge=FRAMES)
        raise typer.Exit(
            convert_video(source, target, frames, rate, choice, model, device, threads, as_json=as_json)
        )
    frames.check_unused(source)
    prepare = _preparing(rate, choice, keep_metadata, model, runtimes.Machine(runtime, device, threads))
    kind = Kind("encoding", SUFFIX, find_images, prepare)
    raise typer.Exit(convert(source, target, kind, skip_existing=skip_existing, as_json=as_json))


def _preparing(
    rate: options.Rate,
    choice: guiding.GuidanceChoice,
    keep_metadata: bool,
    model: str,
    machine: runtimes.Machine,
) -> Callable[[], "Encoder"]:
    def prepare() -> Encoder:
        if rate.similarity is not None:
            rate.similarity.loaded_tower()
        codec, guide = _codec_and_guide(rate, choice, model, machine)
        return Encoder(codec, rate, guide, keep_metadata)

    return prepare


def _codec_and_guide(
    rate: options.Rate, choice: guiding.GuidanceChoice, model: str, machine: runtimes.Machine
) -> "tuple[Codec | EdgeCodec, Guide]":
    """Load both on one runtime; on torch, if the runtime was left open and guidance is beyond the others."""
    from cotam.edge import EdgeCodec, NeedsTorchError

    asked = {"--min-similarity": rate.similarity, "--prompt": choice.prompt}
    beyond = next((name for name, value in asked.items() if value is not None), None)
    codec = machine.load(model, beyond)
    if isinstance(codec, EdgeCodec):
        try:
            return codec, choice.guide(parse=codec.guides.parse)
        except NeedsTorchError:
            if machine.runtime != "auto":
                raise
            codec = machine.load(model, "this guidance")
    return codec, choice.guide(machine.device)


@dataclass(frozen=True)
class Encoder:
    """Encodes one picture after the other."""

    codec: "Codec | EdgeCodec"
    rate: options.Rate
    guide: "Guide"
    keep_metadata: bool

    def __call__(self, source: str, target: str) -> "Figures":
        """Encode the picture ``source`` into the stream ``target``."""
        from cotam import read_info
        from cotam.cli.figures import figures
        from cotam.cli.files import StandardInput, read_input, write_output

        start = time.perf_counter()
        standard = StandardInput(read_input(source)) if source == options.STANDARD else None
        bytes_in = len(standard.getbuffer()) if standard else Path(source).stat().st_size
        image = standard or Path(source)
        data = self.rate.encode(self.codec, image, keep_metadata=self.keep_metadata, guidance=self.guide)
        write_output(target, data)
        seconds = time.perf_counter() - start
        return figures(
            source, target, read_info(data), bytes_in=bytes_in, bytes_out=len(data), seconds=seconds
        )
