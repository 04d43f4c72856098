"""The frames of a sequence: records of timestamp, length, body and checksum, closed by a terminator."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cotam.bitstream.byte_reader import ByteReader, varint_bytes
from cotam.bitstream.checks import refusing_stream_values
from cotam.bitstream.checksum import checksum, read_checksum
from cotam.bitstream.frame import body_bytes, read_body, read_quality
from cotam.bitstream.limits import CHECKSUM_BYTES, MAX_BODY_BYTES, MAX_FRAMES, MIN_BODY_BYTES
from cotam.bitstream.records import FrameRecord, StreamHeader, check_frame
from cotam.errors import BitstreamError

TERMINATOR = b"\0\0"
"""Timestamp delta 0 and body length 0: no frame follows."""


def record_bytes(frame: FrameRecord, delta_ms: int, before: bytes) -> bytes:
    """The record of ``frame``, ``delta_ms`` milliseconds after the frame before it.

    Args:
        frame: a frame.
        delta_ms: time since the frame before.
        before: checksum of the record before. That of a predicted frame covers it: so a predicted frame cannot follow
            another frame than it did without that being seen.
    """
    body = body_bytes(frame)
    record = varint_bytes(delta_ms) + varint_bytes(len(body)) + body
    return record + checksum(record, before if frame.predicted else b"")


def all_records(frames: Iterable[FrameRecord], deltas_ms: Iterable[int]) -> Iterator[bytes]:
    """The records of a whole sequence, of its frames and the times between them."""
    before = b""
    for frame, delta_ms in zip(frames, deltas_ms, strict=True):
        record = record_bytes(frame, delta_ms, before)
        yield record
        before = record[-CHECKSUM_BYTES:]


def read_records(
    reader: ByteReader, header: StreamHeader, index: int = 0, timestamp_ms: int = 0, before: bytes = b""
) -> Iterator[FrameRecord]:
    """Read frames up to the terminator, which must end the stream.

    Every frame is yielded as soon as its checksum holds; an error comes after the whole frames before it.

    Args:
        reader: stands at the record of frame ``index``.
        header: of the stream.
        index: number of the first frame that is read.
        timestamp_ms: time of the frame before it.
        before: checksum of the record before it.

    Raises:
        BitstreamError: truncated, altered, no frame, too many frames, or bytes behind the terminator.
    """
    while True:
        reader.forget()
        start = reader.position
        head = read_head(reader, index)
        if head is None:
            return
        timestamp_ms += head.delta_ms
        body = reader.take(head.length, "a frame")
        if read_quality(ByteReader(body), header)[1]:
            before = read_checksum(reader, start, "a predicted frame, or in the one before it", before)
        else:
            before = read_checksum(reader, start, "a frame")
        frame = read_body(ByteReader(body), header, timestamp_ms)
        with refusing_stream_values():
            check_frame(header, index, frame)
        yield frame
        index += 1


class RecordHead(NamedTuple):
    """What a record begins with."""

    delta_ms: int
    """Time since the frame before."""
    length: int
    """Bytes of the body."""


def read_head(reader: ByteReader, index: int) -> RecordHead | None:
    """Read the beginning of the record of frame ``index``; None at the terminator.

    Raises:
        BitstreamError: truncated, no frame, too many frames, a length out of range, or bytes behind the terminator.
    """
    delta_ms = reader.varint("a frame's timestamp")
    length = reader.varint("a frame's length")
    if length == 0:
        _check_end(reader, index, delta_ms)
        return None
    if index == MAX_FRAMES:
        raise BitstreamError(f"a sequence must have at most {MAX_FRAMES} frames, got more")
    if not MIN_BODY_BYTES <= length <= MAX_BODY_BYTES:
        raise BitstreamError(f"a frame must take {MIN_BODY_BYTES} to {MAX_BODY_BYTES} bytes, got {length}")
    return RecordHead(delta_ms, length)


def _check_end(reader: ByteReader, frames: int, delta_ms: int) -> None:
    if delta_ms:
        raise BitstreamError(f"the terminator of a sequence must have timestamp 0, got {delta_ms}")
    if not frames:
        raise BitstreamError("a sequence must have at least one frame, got none")
    if reader.up_to(1):
        raise BitstreamError("trailing bytes after the end of the sequence")
