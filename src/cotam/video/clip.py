"""The frames of a video file, by PyAV."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from cotam.bitstream.limits import MAX_PIXELS, MAX_VARINT
from cotam.errors import VideoError
from cotam.video.frame import MILLISECONDS, Frame

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

FORMATS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,ogg,flv,asf,h264,hevc,m4v,yuv4mpegpipe"
)
"""Containers that FFmpeg may take a file for: no playlists, which name other files or hosts."""
MAX_CLIP_FRAMES: Final = 2**22
"""Most frames of a clip that is sampled: 38 hours at 30 frames a second."""
MAX_CLIP_MS: Final = MAX_VARINT
"""Longest time from a clip's first frame to its last: what one timestamp of a sequence can span, 49 days."""
USUAL_RATE: Final = Fraction(25)
"""Frames a second of a clip that neither says its rate nor its frames' times."""


@dataclass(frozen=True)
class _Times:
    """What the packets say of the frames, before any is decoded."""

    ticks: list[int] | None
    """Presentation times in order, in units of the stream's clock; None if some packet has none."""
    keys: list[int]
    """Those of the frames at which decoding can begin."""
    milliseconds: list[int]
    """Times since the first frame."""


class Clip:
    """A video file. Only the packets are read until frames are asked for.

    Pixels are RGB, uint8 (height, width, 3), turned upright as the file says. Pixels that are not square stay as they
    are coded.
    """

    def __init__(self, path: Path) -> None:
        """Take the file; see `cotam.video.sources.FrameSource` for the methods."""
        self._path = path

    def times_ms(self) -> Sequence[int]:
        """Time of each frame since the first; nothing is decoded.

        Raises:
            VideoError: no video file, no video in it, or an absurd duration.
        """
        return self._times.milliseconds

    def frames(self, chosen: Sequence[int]) -> Iterator[Frame]:
        """Decode the chosen frames, from the last key frame before each that is not decoded anyway.

        Raises:
            VideoError: a packet is broken, after the frames before it.
        """
        with self._reading() as (container, stream):
            decode = self._by_time if self._times.ticks else self._by_number
            for index, frame in decode(container, stream, chosen):
                yield Frame(_pixels(frame), self._times.milliseconds[index])

    def _by_time(
        self, container: "InputContainer", stream: "VideoStream", chosen: Sequence[int]
    ) -> Iterator[tuple[int, Any]]:
        """Decode frames that have times: the first frame at or after each chosen time."""
        assert self._times.ticks is not None
        ticks, keys = self._times.ticks, self._times.keys
        decoded, frame = container.decode(stream), None
        for index in chosen:
            wanted = ticks[index]
            before = bisect_right(keys, wanted)
            here = ticks[0] if frame is None or frame.pts is None else frame.pts
            if before and keys[before - 1] > here:
                container.seek(keys[before - 1], stream=stream)
                decoded, frame = container.decode(stream), None
            while frame is None or frame.pts is None or frame.pts < wanted:
                frame = next(decoded, None)
                if frame is None:
                    raise VideoError(f"{self._path}: ends before its frame {index}: it is cut off or damaged")
            yield index, frame

    def _by_number(
        self, container: "InputContainer", stream: "VideoStream", chosen: Sequence[int]
    ) -> Iterator[tuple[int, Any]]:
        """Decode all frames up to the last that is chosen, and pass those on."""
        wanted, last = set(chosen), chosen[-1]
        for index, frame in enumerate(container.decode(stream)):
            if index in wanted:
                yield index, frame
            if index == last:
                return
        raise VideoError(f"{self._path}: ends before its frame {last}: it is cut off or damaged")

    @cached_property
    def _times(self) -> _Times:
        with self._reading() as (container, stream):
            packets = [
                (packet.pts, packet.is_keyframe)
                for packet in self._bounded(container.demux(stream))
                if packet.size and not packet.is_discard
            ]
            base = stream.time_base or Fraction(1, MILLISECONDS)
            rate = stream.average_rate or stream.guessed_rate or USUAL_RATE
        ticks = sorted(pts for pts, _ in packets if pts is not None)
        if len(ticks) < len(packets):
            spaced = [int(index * MILLISECONDS / rate) for index in range(len(packets))]
            return _Times(None, [], self._checked(spaced))
        since = [int((tick - ticks[0]) * base * MILLISECONDS) for tick in ticks]
        keys = sorted(pts for pts, is_key in packets if is_key and pts is not None)
        return _Times(ticks, keys, self._checked(since))

    def _bounded(self, packets: Iterator[Any]) -> Iterator[Any]:
        for count, packet in enumerate(packets):
            if count > MAX_CLIP_FRAMES:
                raise VideoError(f"{self._path}: has more than {MAX_CLIP_FRAMES} frames")
            yield packet

    def _checked(self, milliseconds: list[int]) -> list[int]:
        if milliseconds and milliseconds[-1] > MAX_CLIP_MS:
            raise VideoError(
                f"{self._path}: says that it lasts {milliseconds[-1] / MILLISECONDS:.3g} seconds; "
                f"at most {MAX_CLIP_MS // MILLISECONDS} can be stored"
            )
        return milliseconds

    @contextmanager
    def _reading(self) -> "Iterator[tuple[InputContainer, VideoStream]]":
        av = import_av()
        try:
            with av.open(str(self._path), options={"format_whitelist": FORMATS}) as container:
                if not container.streams.video:
                    raise VideoError(f"{self._path}: there is no video in it")
                stream = container.streams.video[0]
                stream.thread_type = "AUTO"
                width, height = stream.codec_context.width, stream.codec_context.height
                if width * height > MAX_PIXELS:
                    raise VideoError(
                        f"{self._path}: frames of {width} x {height}; at most {MAX_PIXELS} pixels can be coded"
                    )
                yield container, stream
        except av.FFmpegError as error:
            raise VideoError(
                f"{self._path}: the clip is damaged, or of a kind that is not read ({error})"
            ) from error


def import_av() -> Any:
    """Import PyAV.

    Raises:
        VideoError: it is not installed; the message says how to install it.
    """
    try:
        import av
    except ImportError as error:
        raise VideoError("clips need PyAV; install it with: pip install 'cotam[video]'") from error
    return av


def _pixels(frame: Any) -> NDArray[np.uint8]:
    """RGB of a decoded frame, turned as the file says; display matrices turn anticlockwise."""
    pixels: NDArray[np.uint8] = frame.to_ndarray(format="rgb24")
    turns = round(getattr(frame, "rotation", 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels
