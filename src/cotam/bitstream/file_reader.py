"""Checked reading from a binary file or pipe, a little at a time."""

from typing import IO

from cotam.bitstream.byte_reader import ByteReader

CHUNK = 2**20
"""Most bytes that are asked for at once, so that a claimed length allocates no more than there is."""


class FileReader(ByteReader):
    """A cursor over a file that holds no more than what was read since the last `forget`.

    Positions count from the beginning of the stream. Several readers may share a file that can seek; they do not
    disturb each other. Of a pipe there can be one, and it only goes on. A `TruncatedError` is the end of a reader.

    Args:
        file: open for reading, in binary mode.
        start: where the stream begins in a file that can seek; None for a pipe.
        position: where to begin in the stream.
    """

    def __init__(self, file: IO[bytes], start: int | None, position: int = 0) -> None:
        super().__init__(b"", position)
        self._file, self._start = file, start
        self._kept, self._kept_from = bytearray(), position

    def up_to(self, count: int) -> bytes:
        """Read ``count`` bytes, or all that are left if these are fewer."""
        if self._start is not None:
            self._file.seek(self._start + self.position)
        before = len(self._kept)
        while (missing := count - (len(self._kept) - before)) and (
            data := self._file.read(min(missing, CHUNK))
        ):
            self._kept += data
        self.position += len(self._kept) - before
        return bytes(self._kept[before:])

    def consumed_since(self, start: int) -> memoryview:
        """The bytes from ``start``, which must not be forgotten, up to the cursor."""
        return memoryview(bytes(self._kept[start - self._kept_from :]))

    def forget(self) -> None:
        """Free the bytes before the cursor."""
        self._kept, self._kept_from = bytearray(), self.position
