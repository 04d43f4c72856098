"""Decoded frames into a clip, an animation or a folder of pictures."""

import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cotam.errors import ImageError, VideoError
from cotam.images import save_image_atomically
from cotam.video.clip import import_av
from cotam.video.frame import MILLISECONDS, Frame

ENCODERS: Final = {
    ".avi": "mpeg4",
    ".m4v": "libx264",
    ".mkv": "libx264",
    ".mov": "libx264",
    ".mp4": "libx264",
    ".webm": "libvpx-vp9",
}
"""Suffixes of the clips that are written, and FFmpeg's encoders for them."""
ANIMATIONS: Final = (".gif", ".webp")
"""Suffixes of the animations that are written."""
NEARLY_LOSSLESS: Final = {"crf": "16"}
"""Option of the encoders that have it: little is lost once more."""
MPEG4_BITS: Final = 8_000_000
"""Bits a second for the one that has not."""
LAST_MS: Final = 1000
"""What the last frame of an animation lasts; only the other frames have one behind them."""
DIGITS: Final = 6
"""Of a picture's number in a folder: names sort as the frames do."""


def is_video_target(path: str | Path) -> bool:
    """Whether frames can be written to this file as a clip or an animation, by its suffix."""
    return Path(path).suffix.lower() in (*ENCODERS, *ANIMATIONS)


def write_video(frames: Iterable[Frame], target: str | Path) -> int:
    """Write frames, one in memory at a time (an animation is Pillow's affair).

    Args:
        frames: from a `VideoReader`.
        target: a clip or an animation by its suffix, or else a folder, made if it is not there, for PNG pictures
            ``000000.png`` and so on.

    Returns:
        The number of frames.

    Raises:
        VideoError: there are no frames, or the file cannot be written; PyAV is not installed.
        BitstreamError: of the frames, after those before were written: a clip or folder then holds them.
    """
    path = Path(target)
    suffix = path.suffix.lower()
    if suffix in ENCODERS:
        return _write_clip(frames, path, ENCODERS[suffix])
    if suffix in ANIMATIONS:
        return _write_animation(frames, path)
    return write_folder(frames, path)


def write_folder(frames: Iterable[Frame], folder: Path, suffix: str = ".png") -> int:
    """Write each frame as a picture ``000000.png``; errors as in `write_video`."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for count, frame in enumerate(frames, start=1):
        save_image_atomically(frame.image, folder / f"{count - 1:0{DIGITS}}{suffix}")
    return count


def _write_clip(frames: Iterable[Frame], path: Path, encoder: str) -> int:
    av, coming = import_av(), iter(frames)
    first = next(coming, None)
    if first is None:
        raise VideoError(f"{path}: there are no frames to write")
    try:
        with av.open(os.fspath(path), "w") as container:
            stream = _stream(container, encoder, _even(first.image).shape)
            before, count = -1, 0
            try:
                for frame in chain([first], coming):
                    before = max(frame.timestamp_ms, before + 1)  # a clip has no two frames at one time
                    container.mux(stream.encode(_av_frame(av, frame, before)))
                    count += 1
            finally:
                container.mux(stream.encode(None))
    except av.FFmpegError as error:
        raise VideoError(f"{path}: the clip cannot be written ({error})") from error
    return count


def _stream(container: Any, encoder: str, shape: tuple[int, ...]) -> Any:
    """Add a stream of frames (height, width, 3) whose times are milliseconds."""
    quality = {"bit_rate": MPEG4_BITS} if encoder == "mpeg4" else {"options": NEARLY_LOSSLESS}
    stream = container.add_stream(encoder, rate=MILLISECONDS, **quality)
    stream.height, stream.width, stream.pix_fmt = shape[0], shape[1], "yuv420p"
    stream.codec_context.time_base = Fraction(1, MILLISECONDS)
    return stream


def _av_frame(av: Any, frame: Frame, time_ms: int) -> Any:
    made = av.VideoFrame.from_ndarray(_even(frame.image), format="rgb24")
    made.pts, made.time_base = time_ms, Fraction(1, MILLISECONDS)
    return made


def _even(image: Image.Image) -> NDArray[np.uint8]:
    """RGB with even sides, as clips with halved colour need: the last row or column is repeated."""
    pixels = np.asarray(image.convert("RGB"))
    height, width = pixels.shape[:2]
    return np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), "edge")


def _write_animation(frames: Iterable[Frame], path: Path) -> int:
    durations: list[int] = []

    def images() -> Iterator[Image.Image]:
        before: Frame | None = None
        for frame in frames:
            if before is not None:
                durations.append(frame.timestamp_ms - before.timestamp_ms)
                yield before.image
            before = frame
        if before is not None:
            durations.append(LAST_MS)
            yield before.image

    held = list(images())  # Pillow wants all durations before the first picture
    if not held:
        raise VideoError(f"{path}: there are no frames to write")
    try:
        save_image_atomically(
            held[0], path, save_all=True, append_images=held[1:], duration=durations, loop=0
        )
    except ImageError as error:
        raise VideoError(str(error)) from error
    return len(held)
