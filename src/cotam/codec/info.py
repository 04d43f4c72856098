"""What a stream says of itself, without decoding it and without torch."""

from dataclasses import dataclass
from typing import Any

from cotam.bitstream import (
    LevelMapHeader,
    Metadata,
    Stream,
    iterate_frames,
    overhead_bytes,
    read_stream,
)
from cotam.bitstream.frame import body_bytes
from cotam.checkpoint import known_models
from cotam.codec.level_map import LevelMap, read_levels
from cotam.entropy_coding import FrameReader


@dataclass(frozen=True)
class StreamInfo:
    """A stream's description; of a sequence, quality and level map are the first frame's."""

    width: int
    """Pixels."""
    height: int
    """Pixels."""
    grey: bool
    """Whether it decodes to a grey picture."""
    version: int
    """Format version."""
    model_id: str
    """Content hash of the model, 8 hex digits."""
    model: str | None
    """Name of the model if it ships with this package."""
    quality: float
    """1 to 100."""
    level_map: LevelMap | None
    """None where it is uniform."""
    frames: int
    """Number of pictures."""
    total_bytes: int
    """Bytes of the whole stream."""
    parts: dict[str, int]
    """Bytes by part: header, metadata, level_map, payload, checksum."""
    bpp: float
    """Bits of the whole stream per pixel of one frame and frame."""
    metadata: tuple[str, ...]
    """Kinds of metadata that it carries."""

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON."""
        values = dict(vars(self))
        level_map = self.level_map
        values["metadata"] = list(self.metadata)
        values["level_map"] = level_map and {
            "levels": level_map.levels.tolist(),
            "count": level_map.count,
            "strength": level_map.strength,
        }
        return values


def read_info(data: bytes) -> StreamInfo:
    """Describe a stream: sizes, model, quality, level map, bytes by part.

    Raises:
        BitstreamError: the bytes are no valid stream.
    """
    stream = read_stream(data)
    header, first = stream.header, stream.frames[0]
    names = {card.model_id: card.name for card in known_models()}
    return StreamInfo(
        width=header.width,
        height=header.height,
        grey=header.grey,
        version=header.version,
        model_id=header.model_id.hex(),
        model=names.get(header.model_id.hex()),
        quality=first.quality,
        level_map=read_levels(FrameReader(first.payload), first),
        frames=len(stream.frames),
        total_bytes=len(data),
        parts=overhead_bytes(stream),
        bpp=_bits_per_pixel(stream, len(data)),
        metadata=_kinds(header.metadata),
    )


@dataclass(frozen=True)
class FrameInfo:
    """The description of one frame of a stream."""

    index: int
    """Its number, from 0."""
    timestamp_ms: int
    """Since the start of the sequence."""
    predicted: bool
    """Whether it needs the frame before it; a key frame needs none."""
    quality: float
    """1 to 100."""
    level_map: str | None
    """Such as ``8 x 8 cells of 3 levels``; None where it is uniform."""
    total_bytes: int
    """Bytes of its body: quality, level map and payload."""


def read_frames(data: bytes) -> list[FrameInfo]:
    """Describe every frame of a stream.

    Raises:
        BitstreamError: the bytes are no valid stream.
    """
    return [
        FrameInfo(
            index=index,
            timestamp_ms=frame.timestamp_ms,
            predicted=frame.predicted,
            quality=frame.quality,
            level_map=_map_text(frame.level_map),
            total_bytes=len(body_bytes(frame)),
        )
        for index, frame in enumerate(iterate_frames(data))
    ]


def _map_text(header: LevelMapHeader | None) -> str | None:
    return None if header is None else f"{header.rows} x {header.columns} cells of {header.levels} levels"


def _bits_per_pixel(stream: Stream, total_bytes: int) -> float:
    return 8 * total_bytes / (stream.header.width * stream.header.height * len(stream.frames))


def _kinds(metadata: Metadata) -> tuple[str, ...]:
    return tuple(kind for kind in ("exif", "icc", "xmp") if getattr(metadata, kind) is not None)
