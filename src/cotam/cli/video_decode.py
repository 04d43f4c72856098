"""``cotam decode`` of sequences: into a clip, an animation, a folder of pictures, or one frame into a picture."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from cotam.cli import options

if TYPE_CHECKING:
    from cotam.cli.converting import Kind
    from cotam.cli.decode import Decoder
    from cotam.cli.figures import Figures
    from cotam.codec import Codec
    from cotam.video import VideoReader

FRAMES: Final = "a sequence of frames"
"""What needs torch, as messages call it."""


@dataclass(frozen=True)
class FrameChoice:
    """Options that only make sense for sequences."""

    frame: int | None
    """The one frame that is decoded; None for all."""
    salvage: bool
    """Whether a damaged sequence gives the frames that are whole."""

    def check_unused(self, source: str) -> None:
        """Refuse any of these options for a picture.

        Raises:
            ValueError: naming the options.
        """
        if self != FrameChoice(None, False):
            raise ValueError(f"{source}: --frame and --salvage are for sequences of frames")


def takes_frames(source: str, target: str, choice: FrameChoice) -> bool:
    """Whether a command is about the frames of a sequence, and not a still image or a folder of streams."""
    from cotam.video.writing import is_video_target

    folder = target != options.STANDARD and (not Path(target).suffix or Path(target).is_dir())
    wanted = choice.frame is not None or choice.salvage or is_video_target(target) or folder
    if source == options.STANDARD:
        return wanted
    return wanted and Path(source).is_file() and is_sequence(Path(source))


def is_sequence(path: Path) -> bool:
    """Whether a file begins as a sequence; what is wrong with it otherwise is said when it is read."""
    from cotam.bitstream import ByteReader
    from cotam.bitstream.header import Flag, read_version_and_flags
    from cotam.errors import BitstreamError

    with path.open("rb") as file:
        try:
            return bool(read_version_and_flags(ByteReader(file.read(5)))[1] & Flag.SEQUENCE)
        except BitstreamError:
            return False


def convert_frames(
    source: str, target: str, choice: FrameChoice, kind: "Kind", suffix: str, *, as_json: bool
) -> int:
    """Decode the frames of one sequence, and report; returns the exit code.

    Raises:
        ValueError: the target cannot take them.
    """
    from cotam.cli.converting import Kind, convert_one
    from cotam.cli.files import check_file, check_output
    from cotam.video.writing import is_video_target

    check_file(source)
    if as_json and target == options.STANDARD:
        raise ValueError("--json needs standard output, which takes the result here: name an output file")
    if choice.frame is not None or is_video_target(target):
        check_output(target, source)
    elif Path(target).is_file():
        raise ValueError(f"{target}: is a file; frames go into a folder or a clip such as out.mp4")

    def prepare() -> SequenceDecoder:
        decoder: Decoder = kind.prepare()  # type: ignore[assignment]
        return SequenceDecoder(decoder, choice, suffix)

    return convert_one(source, target, Kind(kind.doing, kind.suffix, kind.find, prepare), as_json=as_json)


@dataclass(frozen=True)
class SequenceDecoder:
    """Decodes the frames of one sequence."""

    decoder: "Decoder"
    choice: FrameChoice
    suffix: str
    """Format of the pictures of a folder."""

    def __call__(self, source: str, target: str) -> "Figures":
        """Decode the sequence ``source`` into ``target``; what was written before damage stays there."""
        from cotam.cli.console import plural, say
        from cotam.cli.figures import Figures
        from cotam.cli.files import display_name, naming, unwritable_is_bad_use
        from cotam.cli.video_encode import bytes_of
        from cotam.video import VideoReader

        start, standard = time.perf_counter(), source == options.STANDARD
        file: str | BinaryIO = sys.stdin.buffer if standard else source
        with naming(source), VideoReader(file, self._codec, salvage=self.choice.salvage) as reader:
            with unwritable_is_bad_use():
                frames = self._write(reader, target)
            header, quality = reader.header, reader.quality
        if reader.damage is not None:
            say(f"{display_name(source)}: {reader.damage}; {plural(frames, 'frame')} before it decoded")
        bytes_in = 0 if standard else Path(source).stat().st_size
        return Figures(
            source=source,
            output=target,
            width=header.width,
            height=header.height,
            bytes_in=bytes_in,
            bytes_out=0 if target == options.STANDARD else bytes_of(Path(target)),
            bpp=8 * bytes_in / (header.width * header.height * max(frames, 1)),
            quality=quality,
            model=reader.codec.name,
            seconds=time.perf_counter() - start,
            frames=frames,
        )

    def _codec(self, model_id: bytes) -> "Codec":
        return self.decoder.codec(model_id.hex())

    def _write(self, reader: "VideoReader", target: str) -> int:
        """Write what was asked for; returns the number of frames."""
        from cotam.cli.pictures import save_picture
        from cotam.video.writing import is_video_target, write_folder, write_video

        if self.choice.frame is not None:
            try:
                image = reader.frame(self.choice.frame)
            except IndexError as error:
                raise ValueError(f"--frame: {error}") from error
            save_picture(image, target, self.suffix)
            return 1
        if is_video_target(target):
            return write_video(reader, target)
        return write_folder(reader, Path(target), self.suffix)
