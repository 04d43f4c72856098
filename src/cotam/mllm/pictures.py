"""Pictures for an MLLM: whatever `cotam.images` loads, and streams of this codec, as upright RGB."""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cotam.bitstream.limits import MAGIC
from cotam.codec.loading import codec_for_stream
from cotam.errors import BitstreamError, ModelError
from cotam.images import ImageSource, load_image

KEPT = 64
"""Decoded pictures that a `Gallery` holds."""
SUFFIX = ".cotam"


def load_picture(source: ImageSource) -> Image.Image:
    """Load a picture, or decode a stream with the shipped codec that made it.

    Args:
        source: as for `cotam.images.load_image`, or the path, bytes or open file of a ``.cotam`` stream.

    Returns:
        The picture, upright, RGB.

    Raises:
        ImageError: there is no picture, or it is damaged.
        BitstreamError: the stream is damaged.
        ModelError: the stream is of a codec that does not ship with cotam.
        TypeError: `source` is none of these.
    """
    content, name = _content(source)
    if content is None or not _is_stream(content, name):
        return Image.fromarray(load_image(source if content is None else content).pixels)
    try:
        return codec_for_stream(content).decode(content).convert("RGB")
    except (BitstreamError, ModelError) as error:
        raise type(error)(f"{name}: {error}") from error


def _content(source: Any) -> tuple[bytes | None, str]:
    """Return bytes that may be a stream, and what to call them; None where `load_image` knows better."""
    if isinstance(source, str | Path):
        path = Path(source)
        is_stream = path.is_file() and _begins_a_stream(path)
        return (path.read_bytes() if is_stream else None), str(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source), "bytes"
    if hasattr(source, "read") and not isinstance(source, Image.Image):
        content, name = source.read(), getattr(source, "name", "stream")
        if not isinstance(content, bytes):
            raise TypeError(f"{name}: is a stream of text; open it in binary mode")
        return content, str(name)
    return None, "image"


def _begins_a_stream(path: Path) -> bool:
    with path.open("rb") as file:
        return path.suffix == SUFFIX or file.read(len(MAGIC)) == MAGIC


def _is_stream(content: bytes, name: str) -> bool:
    return content.startswith(MAGIC) or name.endswith(SUFFIX)


@dataclass(frozen=True, eq=False)
class Picture:
    """A loaded picture."""

    number: int
    """Equal for what a `Gallery` loaded once and gave twice."""
    image: Image.Image
    """RGB."""


class Gallery:
    """Loads every picture once, and keeps the last few."""

    def __init__(self, kept: int = KEPT) -> None:
        """Keep at most `kept` pictures."""
        self._kept: OrderedDict[Any, tuple[Any, Picture]] = OrderedDict()
        self._most, self._loaded = kept, 0

    def load(self, source: ImageSource) -> Picture:
        """Load a picture, as `load_picture`, unless it is still here.

        The same path, the same bytes or the same object are the same picture.
        """
        key = source if isinstance(source, str | Path | bytes) else id(source)
        if key not in self._kept:
            self._loaded += 1
            self._kept[key] = source, Picture(self._loaded, load_picture(source))  # keeping it keeps its id
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key][1]


def is_picture(value: Any) -> bool:
    """Whether a value can only be one picture, not several."""
    known = str | Path | bytes | bytearray | memoryview | Image.Image | np.ndarray
    return isinstance(value, known) or hasattr(value, "read")
