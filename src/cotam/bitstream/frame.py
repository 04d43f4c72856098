"""A frame's body: quality, level-map descriptor, payload."""

from cotam.bitstream.byte_reader import ByteReader
from cotam.bitstream.checks import refusing_stream_values
from cotam.bitstream.limits import PREDICTED, PREDICTION_VERSION, QUALITY_STEP, STRENGTH_STEP
from cotam.bitstream.payload import check_payload_length
from cotam.bitstream.records import FrameRecord, LevelMapHeader, StreamHeader

UNIFORM = 0
"""The descriptor byte of a level map whose cells all have level 0."""


def body_bytes(frame: FrameRecord) -> bytes:
    """The body of ``frame``; its timestamp is not part of it."""
    quality = round(frame.quality / QUALITY_STEP) | PREDICTED * frame.predicted
    return quality.to_bytes(2, "little") + level_map_bytes(frame.level_map) + frame.payload


def level_map_bytes(level_map: LevelMapHeader | None) -> bytes:
    """The descriptor of ``level_map``: one byte for ``None``, else four."""
    if level_map is None:
        return bytes([UNIFORM])
    strength = round(level_map.strength / STRENGTH_STEP)
    return bytes([level_map.levels, strength, level_map.rows - 1, level_map.columns - 1])


def read_body(reader: ByteReader, header: StreamHeader, timestamp_ms: int) -> FrameRecord:
    """Read a body that runs to the end of ``reader``.

    Raises:
        BitstreamError: truncated, a field out of range, or a payload that breaks the bomb rule.
    """
    quality, predicted = read_quality(reader, header)
    level_map = read_level_map(reader)
    with refusing_stream_values():
        check_payload_length(reader.remaining, header.width, header.height, predicted=predicted)
        return FrameRecord(quality, level_map, reader.rest(), timestamp_ms, predicted)


def read_quality(reader: ByteReader, header: StreamHeader) -> tuple[float, bool]:
    """Read a frame's quality, not yet checked, and whether the frame is predicted.

    Raises:
        BitstreamError: truncated.
    """
    field = reader.integer(2, "the quality")
    predicted = header.version >= PREDICTION_VERSION and bool(field & PREDICTED)
    return (field - PREDICTED * predicted) * QUALITY_STEP, predicted


def read_level_map(reader: ByteReader) -> LevelMapHeader | None:
    """Read a level-map descriptor.

    Raises:
        BitstreamError: truncated or a field out of range.
    """
    levels = reader.integer(1, "the level map")
    if levels == UNIFORM:
        return None
    strength = reader.integer(1, "the level map") * STRENGTH_STEP
    rows = reader.integer(1, "the level map") + 1
    columns = reader.integer(1, "the level map") + 1
    with refusing_stream_values():
        return LevelMapHeader(levels, strength, rows, columns)
