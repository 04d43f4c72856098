"""Pictures for an MLLM: whatever `cotam.images` loads, and streams of this codec, as upright RGB or as latents."""

import io
from collections import OrderedDict
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from cotam.bitstream import SequenceReader, read_stream
from cotam.bitstream.header import Flag
from cotam.bitstream.limits import MAGIC
from cotam.codec import Codec, LatentImage
from cotam.codec.loading import codec_for_model
from cotam.errors import BitstreamError, ModelError
from cotam.images import ImageSource, load_image
from cotam.video import VideoReader

KEPT = 64
"""Pictures that a `Gallery` holds."""
MOST_FRAMES = 64
"""Most frames of one sequence in a conversation; video MLLMs take 8 to 32."""
SUFFIX = ".cotam"


@dataclass(frozen=True)
class StreamFrame:
    """One frame of a sequence, as a picture of its own."""

    source: str | Path | bytes
    """The sequence."""
    index: int
    """Number of the frame, from 0."""


@dataclass(frozen=True, eq=False)
class DecodedStream:
    """A stream as far as it is decoded without making pixels."""

    codec: Codec
    """The codec that made it."""
    latents: LatentImage
    """What it holds."""

    def synthesise(self) -> Image.Image:
        """Make the picture, RGB."""
        return self.codec.synthesise(self.latents).convert("RGB")


class Picture:
    """A picture, or a stream, whose pixels are made when they are first asked for."""

    def __init__(self, number: int, name: str, content: Image.Image | DecodedStream) -> None:
        """Take the parts.

        Args:
            number: equal for what a `Gallery` loaded once and gave twice.
            name: what messages call it.
            content: the picture, RGB, or what is decoded of a stream.
        """
        self.number, self.name = number, name
        self.stream = content if isinstance(content, DecodedStream) else None
        self._content = content

    @cached_property
    def image(self) -> Image.Image:
        """The picture, RGB; a stream is decoded to pixels here."""
        content = self._content
        return content.synthesise() if isinstance(content, DecodedStream) else content

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        content = self._content
        return (
            (content.latents.width, content.latents.height)
            if isinstance(content, DecodedStream)
            else content.size
        )

    @property
    def blank(self) -> Image.Image:
        """A picture of the same size, for a processor that has to count tokens only."""
        return Image.new("RGB", self.size)


class Gallery:
    """Loads every picture once, and keeps the last few."""

    def __init__(self, codec: Codec | None = None, kept: int = KEPT) -> None:
        """Make it empty.

        Args:
            codec: for its own streams; those of shipped codecs are known anyway.
            kept: how many pictures to keep.
        """
        self._kept: OrderedDict[Any, tuple[Any, Picture]] = OrderedDict()
        self._codec, self._most, self._loaded = codec, kept, 0

    def load(self, source: ImageSource | StreamFrame) -> Picture:
        """Load a picture unless it is still here; the same path, bytes or object are the same picture.

        Args:
            source: as for `cotam.images.load_image`, or the path, bytes or open file of a ``.cotam`` stream, or one of
                its frames.

        Raises:
            ImageError: there is no picture, or it is damaged.
            BitstreamError: the stream is damaged.
            ModelError: the stream is of a codec that neither ships nor was given.
            TypeError: `source` is none of these.
        """
        key = source if isinstance(source, str | Path | bytes | StreamFrame) else id(source)
        if key not in self._kept:
            self._loaded += 1
            self._kept[key] = source, self._load(source)  # keeping the source keeps its id
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key][1]

    def _load(self, source: ImageSource | StreamFrame) -> Picture:
        if isinstance(source, StreamFrame):
            return self._load_frame(source)
        content, name = _content(source)
        if content is None or not _is_stream(content, name):
            pixels = load_image(source if content is None else content).pixels
            return Picture(self._loaded, name, Image.fromarray(pixels))
        try:
            return Picture(self._loaded, name, self._decode(content))
        except (BitstreamError, ModelError) as error:
            raise type(error)(f"{name}: {error}") from error

    def _load_frame(self, frame: StreamFrame) -> Picture:
        name = f"{_name(frame.source)}, frame {frame.index}"
        try:
            with VideoReader(_opened(frame.source), self._codec_of) as reader:
                return Picture(self._loaded, name, DecodedStream(reader.codec, reader.latents(frame.index)))
        except (BitstreamError, ModelError) as error:
            raise type(error)(f"{name}: {error}") from error

    def _decode(self, data: bytes) -> DecodedStream:
        codec = self._codec_of(read_stream(data).header.model_id)
        return DecodedStream(codec, codec.decode_latents(data))

    def _codec_of(self, model_id: bytes) -> Codec:
        own = self._codec
        return own if own is not None and own.model_id == model_id else codec_for_model(model_id)


def frames_of(source: ImageSource, num_frames: int | None = None) -> list[ImageSource | StreamFrame]:
    """Take a sequence for the frames that it holds; anything else, and a sequence of one frame, is one picture.

    Args:
        source: a picture or a stream; the frames are those of a sequence by its path or bytes.
        num_frames: take so many at most, evenly from the first to the last; None takes all.

    Raises:
        BitstreamError: the sequence is damaged.
        ValueError: ``num_frames`` is not from 1 to `MOST_FRAMES`, or None for a sequence that has more.
    """
    if num_frames is not None and not 1 <= num_frames <= MOST_FRAMES:
        raise ValueError(f"num_frames must be from 1 to {MOST_FRAMES}, not {num_frames}")
    if not isinstance(source, str | Path | bytes) or not _is_sequence(source):
        return [source]
    try:
        with closing(_opened(source)) as file:
            count = SequenceReader(file).count()
    except BitstreamError as error:
        raise type(error)(f"{_name(source)}: {error}") from error
    if count == 1:
        return [source]
    if num_frames is None and count > MOST_FRAMES:
        raise ValueError(
            f"{_name(source)}: a sequence of {count:,} frames, and at most {MOST_FRAMES} are taken; pass num_frames"
        )
    chosen = np.linspace(0, count - 1, min(num_frames or count, count)).round()
    return [StreamFrame(source, int(index)) for index in chosen]


def _is_sequence(source: str | Path | bytes) -> bool:
    if not isinstance(source, bytes) and not Path(source).is_file():
        return False
    with closing(_opened(source)) as file:
        head = file.read(len(MAGIC) + 1)
    return head.startswith(MAGIC) and bool(head[len(MAGIC) :]) and bool(head[-1] & Flag.SEQUENCE)


def _opened(source: str | Path | bytes) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb")


def _name(source: str | Path | bytes) -> str:
    return "bytes" if isinstance(source, bytes) else str(source)


def is_picture(value: Any) -> bool:
    """Whether a value can only be one picture, not several."""
    known = str | Path | bytes | bytearray | memoryview | Image.Image | np.ndarray
    return isinstance(value, known) or hasattr(value, "read")


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
