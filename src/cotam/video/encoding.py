"""Frames into a sequence while they come."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from cotam.bitstream import SequenceWriter, StreamHeader, read_stream
from cotam.bitstream.limits import PREDICTION_VERSION
from cotam.codec import Codec, Guide, LevelMap, SimilarityTarget, default_codec
from cotam.codec.frame_encoding import FrameEncoder
from cotam.codec.records import Analysis
from cotam.codec.temporal import load_temporal_codec
from cotam.errors import VideoError
from cotam.images import load_image
from cotam.ops.quality_scale import quality_to_step
from cotam.video.frame import MILLISECONDS, Frame
from cotam.video.sampling import Sampling
from cotam.video.sources import open_frames

DEFAULT_QUALITY: Final = 40.0


class FrameGuide(Protocol):
    """Makes the level map of each frame in turn: frame by frame as the paper does, or with an eye on those before."""

    def level_map(self, pixels: NDArray[np.uint8], timestamp_ms: int) -> LevelMap | None:
        """Return the level map of a frame, uint8 (height, width, 3); None is uniform."""


class EachFrame:
    """Guidance frame by frame, as CoTAM has it: no frame knows of another."""

    def __init__(self, guide: Guide) -> None:
        """Take the guide."""
        self._guide = guide

    def level_map(self, pixels: NDArray[np.uint8], timestamp_ms: int) -> LevelMap | None:
        """See `FrameGuide.level_map`."""
        return None if self._guide.is_uniform else self._guide.level_map(pixels)


class VideoEncoder:
    """Encodes frames as they come, from a camera say, one in memory at a time.

    Every frame lies in the file when `add` returns, and is a key frame unless ``key_interval`` says otherwise. As a
    context manager it closes the sequence also where the block fails, so that the frames until then are a whole stream.
    """

    def __init__(
        self,
        target: str | Path | BinaryIO,
        codec: Codec | None = None,
        quality: float = DEFAULT_QUALITY,
        *,
        guidance: FrameGuide | Guide | str | None = None,
        target_bytes: int | None = None,
        min_similarity: SimilarityTarget | None = None,
        key_interval: int = 1,
    ) -> None:
        """Choose how frames are coded; nothing is written before the first one.

        Args:
            target: a file that is open for writing, in binary mode, and stays open, such as a pipe; or the name of one,
                which is replaced when the first frame is encoded.
            codec: by default the one that ships.
            quality: 1 to 100.
            guidance: as for `Codec.encode`, for each frame by itself, or a `GuideOverTime`; None is uniform.
            target_bytes: size that no frame exceeds, instead of ``quality``.
            min_similarity: how close a tower's tokens of each frame must stay, instead of ``quality``.
            key_interval: at least every how manyeth frame is a key frame; those between are predicted from the frame
                before, where that is smaller. Not with a target.

        Raises:
            ModelError: a tower cannot be loaded, or the codec knows key frames alone.
            ValueError: an option out of range.
        """
        self._target, self._opened = target, ExitStack()
        self.codec = codec or default_codec()
        guide = Guide.parse(guidance) if isinstance(guidance, str) else guidance or Guide.parse()
        self._guide: FrameGuide = EachFrame(guide) if isinstance(guide, Guide) else guide
        self._options: dict[str, Any] = {
            "quality": quality,
            "target_bytes": target_bytes,
            "min_similarity": min_similarity,
        }
        self._predicting: FrameEncoder | None = None
        if key_interval != 1:
            if target_bytes is not None or min_similarity is not None:
                raise ValueError("key_interval goes with a quality, not with target_bytes or min_similarity")
            quality_to_step(quality)
            self._predicting = FrameEncoder(load_temporal_codec(self.codec), key_interval)
        self._writer: SequenceWriter | None = None

    @property
    def header(self) -> StreamHeader:
        """What is true of all frames; known once there is one."""
        if self._writer is None:
            raise VideoError("there are no frames yet")
        return self._writer.header

    @property
    def frames(self) -> int:
        """Frames so far."""
        return self._writer.frames if self._writer else 0

    @property
    def bytes_written(self) -> int:
        """Bytes so far."""
        return self._writer.bytes_written if self._writer else 0

    def add(self, image: Any, timestamp_ms: int) -> int:
        """Encode a frame.

        Args:
            image: as for `Codec.encode`; of the size of the first frame, and in colour unless that was grey.
            timestamp_ms: since the start of the sequence; not earlier than that of the frame before.

        Returns:
            The number of bytes that it took.

        Raises:
            ImageError: no picture.
            VideoError: it does not go with the first frame.
            ValueError: a time that goes back, or a target that cannot be reached.
        """
        loaded = load_image(image)
        grey = self._writer.header.grey if self._writer else loaded.grey
        pixels = loaded.pixels[..., 0] if grey else loaded.pixels
        self._check(loaded.width, loaded.height, loaded.grey)
        level_map = self._guide.level_map(loaded.pixels, timestamp_ms)
        if self._predicting is not None:
            return self._add_predicted(self._predicting, self.codec.analyse(pixels), level_map, timestamp_ms)
        data = self.codec.encode(pixels, level_map=level_map, **self._options)
        still = read_stream(data)
        return self._writer_for(still.header).append(replace(still.frames[0], timestamp_ms=timestamp_ms))

    def close(self) -> None:
        """End the sequence.

        Raises:
            VideoError: there was no frame.
        """
        if self._writer is None:
            raise VideoError("there are no frames to encode")
        with self._opened:
            self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or self.frames:
            self.close()

    def _add_predicted(
        self, predicting: FrameEncoder, analysis: Analysis, level_map: LevelMap | None, timestamp_ms: int
    ) -> int:
        """Encode and write a frame that may be predicted; where it cannot be written, the next is a key frame."""
        source = analysis.source
        header = StreamHeader(
            source.width,
            source.height,
            self.codec.model_id,
            source.grey,
            version=PREDICTION_VERSION,
            sequence=True,
        )
        record = predicting.encode(analysis, self._options["quality"], level_map, timestamp_ms=timestamp_ms)
        try:
            return self._writer_for(header).append(record)
        except (ValueError, OSError):
            predicting.forget()
            raise

    def _writer_for(self, header: StreamHeader) -> SequenceWriter:
        if self._writer is None:
            file = self._target
            if isinstance(file, str | Path):
                file = self._opened.enter_context(open(file, "wb"))  # noqa: SIM115, closed by close
            self._writer = SequenceWriter(file, replace(header, sequence=True))
        return self._writer

    def _check(self, width: int, height: int, grey: bool) -> None:
        if self._writer is None:
            return
        first = self._writer.header
        if (width, height) != (first.width, first.height):
            raise VideoError(
                f"frame {self.frames} is {width} x {height} and the first one {first.width} x {first.height}; "
                "the frames of a sequence have one size"
            )
        if first.grey and not grey:
            raise VideoError(f"frame {self.frames} has colours and the first one is grey")


def encode(
    frames: str | Path | Iterable[Any],
    target: str | Path | BinaryIO,
    quality: float = DEFAULT_QUALITY,
    *,
    fps: float | None = None,
    num_frames: int | None = None,
    scenes: bool = False,
    **options: Any,
) -> VideoEncoder:
    """Encode a clip, an animation, a folder of pictures or an iterator of frames into a sequence.

    Args:
        frames: the file or folder, or an iterable of `Frame`s or of pictures, ``fps`` of them a second.
        target: the file, or an open one, such as a pipe. It holds all frames so far also when one fails.
        quality: 1 to 100.
        fps: frames a second to take of a clip; of a folder or of pictures, how many make a second (by default 1).
        num_frames: frames in all to take of a file or folder, evenly.
        scenes: take these from the middles of scenes instead.
        options: as for `VideoEncoder`.

    Returns:
        The encoder, closed: how many frames and bytes it came to.

    Raises:
        VideoError: no frames, or damaged ones; others as in `VideoEncoder.add`.
        ValueError: an option out of range.
    """
    sampling = Sampling(fps, num_frames, scenes)
    if isinstance(frames, str | Path):
        coming: Iterable[Frame] = open_frames(frames, sampling)
    elif num_frames is None:
        coming = _timed(frames, fps or 1.0)
    else:
        raise ValueError("num_frames is for files and folders; an iterator says itself which frames it gives")
    with VideoEncoder(target, quality=quality, **options) as encoder:
        for frame in coming:
            encoder.add(*frame)
    return encoder


def _timed(frames: Iterable[Any], fps: float) -> Iterable[Frame]:
    for index, frame in enumerate(frames):
        yield frame if isinstance(frame, Frame) else Frame(frame, round(index * MILLISECONDS / fps))
