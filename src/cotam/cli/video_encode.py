"""``cotam encode`` of clips, animations and folders of frames."""

import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from cotam.cli import options
from cotam.cli.guidance_options import GuidanceChoice

if TYPE_CHECKING:
    from cotam.cli.figures import Figures
    from cotam.codec import Codec
    from cotam.video import Frame, VideoEncoder
    from cotam.video.encoding import FrameGuide
    from cotam.video.sampling import Sampling

SUFFIX = ".cotam"
CLIP_FPS = 1.0
"""Frames a second that are taken of a clip where nothing is said, as video MLLMs do."""


def makes_a_sequence(source: str, target: str) -> bool:
    """Whether a source becomes one stream of several frames."""
    from cotam.video.sources import is_animation, is_clip

    path = Path(source)
    if path.is_dir():
        return Path(target).suffix.lower() == SUFFIX and not Path(target).is_dir()
    return path.is_file() and (is_clip(path) or is_animation(path))


@dataclass(frozen=True)
class SequenceOptions:
    """Options that only make sense for frames along time."""

    fps: float | None
    num_frames: int | None
    scenes: bool
    steady: bool
    key_interval: int = 1

    def check(self, *, keep_metadata: bool) -> None:
        """Refuse options out of range, and metadata, which frames do not have.

        Raises:
            ValueError: naming the option.
        """
        if keep_metadata:
            raise ValueError("--keep-metadata is for pictures; the frames of a clip have none")
        self.sampling("")

    def check_unused(self, source: str) -> None:
        """Refuse any of these options for a picture.

        Raises:
            ValueError: naming the options.
        """
        if self != SequenceOptions(None, None, False, False):
            raise ValueError(
                f"{source}: --fps, --num-frames, --scenes, --steady and --key-interval are for clips, animated "
                f"pictures and folders of frames, which go into one stream (DST ends in {SUFFIX})"
            )

    def sampling(self, source: str) -> "Sampling":
        """Which frames to take of a source."""
        from cotam.video.sampling import Sampling
        from cotam.video.sources import is_clip

        given = self.fps is not None or self.num_frames is not None
        fps = CLIP_FPS if is_clip(source) and not given else self.fps
        return Sampling(fps, self.num_frames, self.scenes)


def convert_video(
    source: str,
    target: str,
    frames: SequenceOptions,
    rate: options.Rate,
    choice: GuidanceChoice,
    model: str,
    device: str | None,
    threads: int | None,
    *,
    as_json: bool,
) -> int:
    """Encode one source into one stream, and report; returns the exit code.

    Raises:
        ValueError: the target cannot take the stream.
    """
    from cotam.cli.converting import Kind, convert_one
    from cotam.cli.files import check_output

    if as_json and target == options.STANDARD:
        raise ValueError("--json needs standard output, which takes the result here: name an output file")
    check_output(target, source)

    def prepare() -> SequenceEncoder:
        from cotam import load_codec
        from cotam.video.encoding import EachFrame
        from cotam.video.guiding import GuideOverTime

        guide = choice.guide(device)
        codec = load_codec(model, device=device, threads=threads)
        over_time = GuideOverTime(guide) if frames.steady else EachFrame(guide)
        return SequenceEncoder(codec, rate, over_time, frames)

    return convert_one(source, target, Kind("encoding", SUFFIX, lambda _: (), prepare), as_json=as_json)


@dataclass(frozen=True)
class SequenceEncoder:
    """Encodes the frames of one source."""

    codec: "Codec"
    rate: options.Rate
    guide: "FrameGuide"
    frames: SequenceOptions

    def __call__(self, source: str, target: str) -> "Figures":
        """Encode ``source`` into the stream ``target``; the frames before a failure stay there."""
        from cotam.cli.figures import Figures
        from cotam.video import VideoEncoder, open_frames

        start = time.perf_counter()
        into: str | BinaryIO = sys.stdout.buffer if target == options.STANDARD else target
        encoder = VideoEncoder(
            into,
            self.codec,
            self.rate.quality,
            guidance=self.guide,
            target_bytes=self.rate.target_bytes,
            min_similarity=self.rate.similarity,
            key_interval=self.frames.key_interval,
        )
        _encode_all(open_frames(source, self.frames.sampling(source)), encoder, target)
        header, written = encoder.header, encoder.bytes_written
        return Figures(
            source=source,
            output=target,
            width=header.width,
            height=header.height,
            bytes_in=bytes_of(Path(source)),
            bytes_out=written,
            bpp=8 * written / (header.width * header.height * encoder.frames),
            quality=self.rate.quality,
            model=self.codec.name,
            seconds=time.perf_counter() - start,
            frames=encoder.frames,
        )


def _encode_all(frames: "Iterable[Frame]", encoder: "VideoEncoder", target: str) -> None:
    """Encode frames; a failure behind the first says how many are kept.

    Raises:
        VideoError: as of the frames or the encoder.
    """
    from cotam.cli.console import plural
    from cotam.errors import ImageError, VideoError

    try:
        with encoder:
            for frame in frames:
                encoder.add(*frame)
    except ImageError as error:
        kept = f"; {plural(encoder.frames, 'frame')} before it kept in {target}" if encoder.frames else ""
        raise VideoError(f"{error}{kept}") from error


def bytes_of(path: Path) -> int:
    """Size of a file, or of the files of a folder."""
    paths = [path] if path.is_file() else [below for below in path.iterdir() if below.is_file()]
    return sum(found.stat().st_size for found in paths)
