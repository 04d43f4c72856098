"""A sequence written to a file or pipe while its frames come."""

from types import TracebackType
from typing import BinaryIO, Self

from cotam.bitstream.checks import check_integer
from cotam.bitstream.header import header_bytes
from cotam.bitstream.limits import CHECKSUM_BYTES, MAX_FRAMES, MAX_VARINT
from cotam.bitstream.records import FrameRecord, StreamHeader, check_frame
from cotam.bitstream.sequence import TERMINATOR, record_bytes
from cotam.bitstream.sequence_reader import SequenceReader
from cotam.errors import TruncatedError


class SequenceWriter:
    """Writes a sequence frame by frame; nothing of a frame is kept.

    Every frame is flushed, so that a reader at the other end of a pipe has it at once. As a context manager it closes
    the sequence also where the block fails, if there is a frame: what was written is a whole stream then.

    Args:
        file: open for writing, in binary mode; it stays open.
        header: of a sequence.

    Raises:
        ValueError: the header is that of a still image.
    """

    def __init__(self, file: BinaryIO, header: StreamHeader) -> None:
        if not header.sequence:
            raise ValueError("a SequenceWriter needs the header of a sequence, not that of a still image")
        self.header = header
        """What is true of the whole stream."""
        self.frames = 0
        """Frames so far."""
        self.timestamp_ms = 0
        """Time of the last frame."""
        self.bytes_written = 0
        """Bytes that this writer has written."""
        self._file, self._closed, self._before = file, False, b""
        self._write(header_bytes(header))

    @classmethod
    def resume(cls, file: BinaryIO) -> Self:
        """Go on with a sequence behind its last frame; one that was cut off loses the frame that is not whole.

        Args:
            file: open for reading and writing (``r+b``), at the beginning of the stream.

        Raises:
            BitstreamError: no sequence, or damaged before its end: nothing is changed then.
        """
        start, reader = file.tell(), SequenceReader(file, salvage=True)
        for _ in reader:  # looks at every checksum
            pass
        if reader.damage is not None and not isinstance(reader.damage, TruncatedError):
            raise reader.damage
        writer = cls.__new__(cls)
        writer.header, writer.frames, writer.bytes_written = reader.header, reader.count(), 0
        writer.timestamp_ms = reader.entry(writer.frames - 1).timestamp_ms if writer.frames else 0
        writer._file, writer._closed = file, False
        file.seek(start + reader.end - CHECKSUM_BYTES)
        writer._before = file.read(CHECKSUM_BYTES)
        file.truncate()
        return writer

    def append(self, frame: FrameRecord) -> int:
        """Write a frame.

        Returns:
            The number of bytes that it took.

        Raises:
            ValueError: it is earlier than the frame before, or cannot be a frame of this stream.
        """
        if self._closed:
            raise ValueError("the sequence is closed; use SequenceWriter.resume to go on with it")
        check_integer("number of frames", self.frames + 1, 1, MAX_FRAMES)
        check_frame(self.header, self.frames, frame)
        delta_ms = frame.timestamp_ms - self.timestamp_ms
        check_integer("time from one frame to the next", delta_ms, 0, MAX_VARINT)
        self.frames, self.timestamp_ms = self.frames + 1, frame.timestamp_ms
        record = record_bytes(frame, delta_ms, self._before)
        self._before = record[-CHECKSUM_BYTES:]
        return self._write(record)

    def close(self) -> None:
        """End the sequence; the file stays open.

        Raises:
            ValueError: there is no frame.
        """
        if not self._closed:
            check_integer("number of frames", self.frames, 1, MAX_FRAMES)
            self._write(TERMINATOR)
            self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or self.frames:
            self.close()

    def _write(self, data: bytes) -> int:
        self._file.write(data)
        self._file.flush()
        self.bytes_written += len(data)
        return len(data)
