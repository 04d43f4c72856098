"""CRC-32 as zlib computes it, stored little-endian behind the bytes that it covers."""

import zlib

from cotam.bitstream.byte_reader import ByteReader
from cotam.bitstream.limits import CHECKSUM_BYTES
from cotam.errors import BitstreamError


def checksum(data: bytes | memoryview, before: bytes = b"") -> bytes:
    """The four checksum bytes of ``before`` and ``data``."""
    return zlib.crc32(data, zlib.crc32(before)).to_bytes(CHECKSUM_BYTES, "little")


def read_checksum(reader: ByteReader, start: int, what: str, before: bytes = b"") -> bytes:
    """Read a checksum and compare it with ``before`` and the bytes from ``start`` up to it.

    Returns:
        The checksum bytes.

    Raises:
        BitstreamError: the checksum is missing or does not match.
    """
    covered = reader.consumed_since(start)
    stored = reader.take(CHECKSUM_BYTES, f"the checksum of {what}")
    if stored != checksum(covered, before):
        raise BitstreamError(f"checksum mismatch in {what}: bytes were altered, cut off or added")
    return stored
