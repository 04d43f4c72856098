"""Frames from a clip, an animation or a folder of pictures."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cotam.errors import ImageError, VideoError
from cotam.images import LoadedImage, find_images, load_image
from cotam.video.changes import change, glance
from cotam.video.frame import MILLISECONDS, Frame
from cotam.video.sampling import Sampling

CLIP_SUFFIXES: Final = frozenset(
    {
        ".3gp",
        ".avi",
        ".flv",
        ".h264",
        ".hevc",
        ".m4v",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".ogv",
    }
    | {".ts", ".webm", ".wmv", ".y4m"}
)
"""Suffixes, lower case, of the clips that PyAV reads here."""
FOLDER_FPS: Final = 1.0
"""How many pictures of a folder make a second, where nothing is said: a folder has no clock."""
STILL_MS: Final = 100
"""What a frame of an animation lasts that does not say: as browsers have it."""


class FrameSource(Protocol):
    """A clip whose frames can be gone through more than once."""

    def times_ms(self) -> Sequence[int]:
        """Time of each frame, ascending, without decoding any where that can be."""

    def frames(self, chosen: Sequence[int]) -> Iterator[Frame]:
        """Decode the chosen frames; their numbers ascend."""


def is_clip(path: str | Path) -> bool:
    """Whether a file is a clip, by its suffix."""
    return Path(path).suffix.lower() in CLIP_SUFFIXES


def is_animation(path: str | Path) -> bool:
    """Whether a file is a picture of more than one frame, such as an animated GIF or WebP."""
    try:
        with Image.open(path) as image:
            return bool(getattr(image, "is_animated", False))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False


def open_frames(source: str | Path, sampling: Sampling | None = None) -> Iterator[Frame]:
    """Go through the frames of a clip, an animation or a folder of pictures, one in memory at a time.

    Args:
        source: the file or folder. The pictures of a folder, in the order of their names, are ``sampling.fps`` a
            second, since a folder has no clock; by default 1.
        sampling: which frames to take; by default all.

    Raises:
        VideoError: no frames, a damaged clip, no video in it, or frames of several sizes; in a damaged clip, after
            the frames before the damage.
        ImageError: a picture of a folder is damaged.
    """
    opened, chosen = _open(Path(source), sampling or Sampling())
    times = opened.times_ms()
    if not times:
        raise VideoError(f"{source}: there are no frames in it")
    indexes = chosen.choose(times, lambda: _changes(opened, len(times)))
    return _of_one_size(opened.frames(indexes), str(source))


def _open(path: Path, sampling: Sampling) -> tuple[FrameSource, Sampling]:
    if path.is_dir():
        fps = sampling.fps or FOLDER_FPS
        return FolderSource(path, fps), Sampling(None, sampling.num_frames, sampling.scenes)
    if is_clip(path):
        from cotam.video.clip import Clip

        return Clip(path), sampling
    return Animation(path), sampling


class FolderSource:
    """The pictures of a folder, in the order of their names, evenly apart in time."""

    def __init__(self, folder: Path, fps: float) -> None:
        """Take a folder and how many of its pictures make a second."""
        self._paths, self._fps = find_images(folder, recursive=False), fps

    def times_ms(self) -> Sequence[int]:
        """See `FrameSource.times_ms`."""
        return [round(index * MILLISECONDS / self._fps) for index in range(len(self._paths))]

    def frames(self, chosen: Sequence[int]) -> Iterator[Frame]:
        """See `FrameSource.frames`."""
        times = self.times_ms()
        for index in chosen:
            yield Frame(_pixels(load_image(self._paths[index])), times[index])


class Animation:
    """A picture with several frames, as Pillow reads it; one with a single frame is an animation too."""

    def __init__(self, path: Path) -> None:
        """Take the file."""
        self._path = path

    def times_ms(self) -> Sequence[int]:
        """See `FrameSource.times_ms`."""
        times, now = [], 0
        with self._opened() as image:
            for index in range(getattr(image, "n_frames", 1)):
                image.seek(index)
                image.load()  # a WebP says only then how long the frame lasts
                times.append(now)
                now += round(image.info.get("duration") or STILL_MS)
        return times

    def frames(self, chosen: Sequence[int]) -> Iterator[Frame]:
        """See `FrameSource.frames`."""
        times = self.times_ms()
        with self._opened() as image:
            for index in chosen:
                try:
                    image.seek(index)
                    loaded = load_image(image)
                except (ImageError, OSError, SyntaxError, ValueError) as error:
                    raise VideoError(f"{self._path}: frame {index} is damaged ({error})") from error
                yield Frame(
                    loaded.pixels, times[index]
                )  # in colour: of a GIF, the first may say grey and others not

    def _opened(self) -> Image.Image:
        try:
            return Image.open(self._path)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise VideoError(
                f"{self._path}: is no clip and no animation that can be read ({error})"
            ) from error


def _pixels(loaded: LoadedImage) -> NDArray[np.uint8]:
    return loaded.pixels[..., 0] if loaded.grey else loaded.pixels


def _changes(source: FrameSource, count: int) -> NDArray[np.float64]:
    """Change from each frame to the next; only glances are kept."""
    glances = (glance(frame.image) for frame in source.frames(range(count)))
    before = next(glances)
    found = []
    for after in glances:
        found.append(change(before, after))
        before = after
    return np.array(found)


def _of_one_size(frames: Iterator[Frame], name: str) -> Iterator[Frame]:
    size: tuple[int, ...] | None = None
    for index, frame in enumerate(frames):
        height, width = frame.image.shape[:2]
        if size is None:
            size = height, width
        if (height, width) != size:
            raise VideoError(
                f"{name}: frame {index} is {width} x {height} and the first one {size[1]} x {size[0]}; "
                "the frames of a sequence have one size"
            )
        yield frame
