"""Whole streams: a still image, closed by one checksum, or a sequence of checked records."""

from collections.abc import Iterator

from cotam.bitstream.byte_reader import ByteReader
from cotam.bitstream.checksum import checksum, read_checksum
from cotam.bitstream.frame import body_bytes, read_body
from cotam.bitstream.header import Flag, header_bytes, read_header, read_version_and_flags
from cotam.bitstream.limits import CHECKSUM_BYTES, STILL_OVERHEAD_BYTES
from cotam.bitstream.records import FrameRecord, Stream, StreamHeader
from cotam.bitstream.sequence import TERMINATOR, all_records, read_records
from cotam.errors import BitstreamError


def write_stream(stream: Stream) -> bytes:
    """The bytes of ``stream``: the same stream gives the same bytes."""
    head = header_bytes(stream.header)
    if stream.header.sequence:
        return b"".join([head, *all_records(stream.frames, stream.timestamp_deltas()), TERMINATOR])
    still = head + body_bytes(stream.frames[0])
    return still + checksum(still)


def read_stream(data: bytes) -> Stream:
    """Read a whole stream; metadata of unknown type is dropped.

    Raises:
        BitstreamError: ``data`` is not exactly one valid stream.
        VersionError: a stream of a newer format version.
    """
    header, frames = _open(data)
    return Stream(header, tuple(frames))


def iterate_frames(data: bytes) -> Iterator[FrameRecord]:
    """The frames of a stream, one by one.

    The header is read at once. Of a sequence that is damaged or cut off, the whole frames before the damage
    come first, and then the error.

    Raises:
        BitstreamError: ``data`` is not exactly one valid stream.
        VersionError: a stream of a newer format version.
    """
    return _open(data)[1]


def _open(data: bytes) -> tuple[StreamHeader, Iterator[FrameRecord]]:
    _, flags = read_version_and_flags(ByteReader(data))
    if flags & Flag.SEQUENCE:
        header, start = read_header(data)
        return header, read_records(ByteReader(data, start), header)
    still = _checked_still(data)
    header, start = read_header(still)
    return header, iter([read_body(ByteReader(still, start), header, timestamp_ms=0)])


def _checked_still(data: bytes) -> memoryview:
    """The bytes that the closing checksum covers."""
    if len(data) < STILL_OVERHEAD_BYTES:
        raise BitstreamError(
            f"truncated stream: a still image takes at least {STILL_OVERHEAD_BYTES} bytes, got {len(data)}"
        )
    reader = ByteReader(data)
    reader.position = len(data) - CHECKSUM_BYTES
    covered = reader.consumed_since(0)
    read_checksum(reader, 0, "the image")
    return covered
