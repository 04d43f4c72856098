"""The header that every stream starts with."""

from enum import IntFlag

from cotam.bitstream.byte_reader import ByteReader
from cotam.bitstream.checks import refusing_stream_values
from cotam.bitstream.checksum import checksum, read_checksum
from cotam.bitstream.limits import MAGIC, MODEL_ID_BYTES, VERSION
from cotam.bitstream.metadata import metadata_bytes, read_metadata
from cotam.bitstream.records import Metadata, StreamHeader
from cotam.errors import BitstreamError, TruncatedError, VersionError


class Flag(IntFlag):
    """Low nibble of the byte behind the magic; its high nibble is the version."""

    SEQUENCE = 1
    METADATA = 2
    GREY = 4
    RESERVED = 8


def header_bytes(header: StreamHeader) -> bytes:
    """The header with its metadata and, in a sequence, its checksum."""
    metadata = metadata_bytes(header.metadata)
    flags = Flag.SEQUENCE * header.sequence | Flag.METADATA * bool(metadata) | Flag.GREY * header.grey
    sides = (header.width - 1).to_bytes(2, "little") + (header.height - 1).to_bytes(2, "little")
    head = MAGIC + bytes([header.version << 4 | flags]) + header.model_id + sides + metadata
    return head + checksum(head) if header.sequence else head


def read_header(data: bytes | memoryview) -> tuple[StreamHeader, int]:
    """Read the header alone.

    Args:
        data: The stream, or a prefix of it that holds the whole header.

    Returns:
        The header, and the offset of the first frame.

    Raises:
        BitstreamError: empty, no cotam stream, truncated, or a header that breaks the format.
        VersionError: a stream of a newer format version.
    """
    reader = ByteReader(data)
    return take_header(reader), reader.position


def take_header(reader: ByteReader) -> StreamHeader:
    """Read the header at the beginning of a stream; errors as in `read_header`."""
    version, flags = read_version_and_flags(reader)
    model_id = reader.take(MODEL_ID_BYTES, "the model id")
    width = reader.integer(2, "the width") + 1
    height = reader.integer(2, "the height") + 1
    metadata = read_metadata(reader) if flags & Flag.METADATA else Metadata()
    sequence = bool(flags & Flag.SEQUENCE)
    if sequence:
        read_checksum(reader, 0, "the header")
    with refusing_stream_values():
        return StreamHeader(width, height, model_id, bool(flags & Flag.GREY), sequence, metadata, version)


def read_version_and_flags(reader: ByteReader) -> tuple[int, Flag]:
    """Read the magic and the byte behind it.

    Raises:
        BitstreamError: empty, no cotam stream, truncated, or a reserved flag is set.
        VersionError: a newer format version.
    """
    _read_magic(reader)
    byte = reader.integer(1, "the version")
    version, flags = byte >> 4, Flag(byte & 0x0F)
    if version > VERSION:
        raise VersionError(
            f"stream of format version {version}, this release reads up to {VERSION}: a newer cotam is needed"
        )
    if version < 1:
        raise BitstreamError(f"format version {version} does not exist")
    if flags & Flag.RESERVED:
        raise BitstreamError("a reserved flag of the header is set")
    return version, flags


def _read_magic(reader: ByteReader) -> None:
    start = reader.up_to(len(MAGIC))
    if not start:
        raise TruncatedError("empty stream")
    if not MAGIC.startswith(start):
        raise BitstreamError(f"not a cotam stream: it starts with {start.hex()}, not {MAGIC.hex()}")
    if start != MAGIC:
        raise TruncatedError(f"truncated stream: it ends after {len(start)} bytes")
