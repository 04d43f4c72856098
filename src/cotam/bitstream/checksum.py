"""CRC-32 as zlib computes it, stored little-endian behind the bytes that it covers."""

import zlib

from cotam.bitstream.byte_reader import ByteReader
from cotam.bitstream.limits import CHECKSUM_BYTES
from cotam.errors import BitstreamError


def checksum(data: bytes | memoryview) -> bytes:
    """The four checksum bytes of ``data``."""
    return zlib.crc32(data).to_bytes(CHECKSUM_BYTES, "little")


def read_checksum(reader: ByteReader, start: int, what: str) -> None:
    """Read a checksum and compare it with the bytes from ``start`` up to it.

    Raises:
        BitstreamError: the checksum is missing or does not match.
    """
    covered = reader.consumed_since(start)
    stored = reader.take(CHECKSUM_BYTES, f"the checksum of {what}")
    if stored != checksum(covered):
        raise BitstreamError(f"checksum mismatch in {what}: bytes were altered, cut off or added")
