"""Checked reading of little-endian integers and byte strings from untrusted bytes."""

from cotam.bitstream.limits import MAX_VARINT, MAX_VARINT_BYTES
from cotam.errors import BitstreamError, TruncatedError


class ByteReader:
    """A cursor over bytes that never reads past their end.

    Every method names in ``what`` the part it reads, for the error message.

    Args:
        data: The bytes to read; they are not copied.
        position: Where to start.

    Raises:
        TypeError: ``data`` is not bytes-like.
    """

    def __init__(self, data: bytes | memoryview, position: int = 0) -> None:
        self._data = memoryview(data)
        self.position = position

    @property
    def remaining(self) -> int:
        """Number of bytes not yet read."""
        return len(self._data) - self.position

    def take(self, count: int, what: str) -> bytes:
        """Read ``count`` bytes.

        Raises:
            TruncatedError: fewer bytes are left.
        """
        start, data = self.position, self.up_to(count)
        if len(data) < count:
            self.position = start
            where = f"at byte {start}, {len(data)} are left"
            raise TruncatedError(f"truncated stream: {what} takes {count} bytes {where}")
        return data

    def up_to(self, count: int) -> bytes:
        """Read ``count`` bytes, or all that are left if these are fewer."""
        data = bytes(self._data[self.position : self.position + count])
        self.position += len(data)
        return data

    def integer(self, count: int, what: str) -> int:
        """Read an unsigned little-endian integer of ``count`` bytes.

        Raises:
            BitstreamError: fewer bytes are left.
        """
        return int.from_bytes(self.take(count, what), "little")

    def varint(self, what: str) -> int:
        """Read a canonical LEB128 varint of at most ``MAX_VARINT``.

        Raises:
            BitstreamError: it is truncated, too large, or longer than its value needs.
        """
        value = 0
        for index in range(MAX_VARINT_BYTES):
            byte = self.integer(1, what)
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                return _checked_varint(value, index > 0 and byte == 0, what)
        raise BitstreamError(f"{what} is a varint of more than {MAX_VARINT_BYTES} bytes")

    def rest(self) -> bytes:
        """Read everything that is left."""
        return self.take(self.remaining, "the rest")

    def consumed_since(self, start: int) -> memoryview:
        """The bytes from ``start`` up to the cursor, without a copy."""
        return self._data[start : self.position]

    def forget(self) -> None:
        """Say that nothing before the cursor will be asked for again; frees memory where bytes come from a file."""


def _checked_varint(value: int, padded: bool, what: str) -> int:
    if padded:
        raise BitstreamError(f"{what} is a varint that is longer than its value needs")
    if value > MAX_VARINT:
        raise BitstreamError(f"{what} is a varint above {MAX_VARINT}, got {value}")
    return value


def varint_bytes(value: int) -> bytes:
    """``value`` as a canonical LEB128 varint: seven bits a byte, lowest first, bit 7 set on all but the last.

    Raises:
        ValueError: ``value`` is negative or above ``MAX_VARINT``.
    """
    if not 0 <= value <= MAX_VARINT:
        raise ValueError(f"a varint holds 0 to {MAX_VARINT}, got {value}")
    groups = bytearray()
    while value >= 0x80:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)
