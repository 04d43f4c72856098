"""Clips to test with: a square that moves over a gradient."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

SIZE = 48, 64
"""Height and width of the frames."""


def moving_square(count: int, size: tuple[int, int] = SIZE, cuts: tuple[int, ...] = ()) -> list[np.ndarray]:
    """Frames uint8 (height, width, 3); at each number in ``cuts`` the colours turn round."""
    height, width = size
    frames = []
    for index in range(count):
        frame = np.tile(np.linspace(30, 120, width)[None, :, None], (height, 1, 3))
        frame[10:26, 2 * index % (width - 16) : 2 * index % (width - 16) + 16] = (230, 60, 40)
        turned = sum(index >= cut for cut in cuts) % 2
        frames.append((255 - frame if turned else frame).astype(np.uint8))
    return frames


@pytest.fixture(scope="session")
def make_frames() -> Callable[..., list[np.ndarray]]:
    """`moving_square`."""
    return moving_square


def write_clip(path: Path, frames: list[np.ndarray], fps: int = 10, encoder: str = "libx264") -> Path:
    """A clip of these frames with a key frame at every fifth."""
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream(encoder, rate=fps)
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], "yuv420p"
        stream.codec_context.gop_size = 5
        stream.codec_context.time_base = Fraction(1, fps)
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def make_clip() -> Callable[..., Path]:
    """`write_clip`."""
    return write_clip


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty frames in two seconds, with a cut in front of frame 12."""
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", moving_square(20, cuts=(12,)))
