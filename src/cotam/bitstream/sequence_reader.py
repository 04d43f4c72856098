"""A sequence in a file or pipe: its frames one by one, or any of them without reading those before it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from cotam.bitstream.checks import refusing_stream_values
from cotam.bitstream.file_reader import FileReader
from cotam.bitstream.frame import read_quality
from cotam.bitstream.header import take_header
from cotam.bitstream.limits import CHECKSUM_BYTES
from cotam.bitstream.records import FrameRecord
from cotam.bitstream.sequence import RecordHead, read_head, read_records
from cotam.errors import BitstreamError, TruncatedError


@dataclass(frozen=True, slots=True)
class FrameEntry:
    """Where a frame lies, from its first bytes alone: its checksum is looked at when the frame is read."""

    start: int
    """First byte of its record, from the beginning of the stream."""
    end: int
    """First byte behind its record."""
    timestamp_ms: int
    """Time since the start of the sequence, in milliseconds."""
    delta_ms: int
    """Time since the frame before."""
    predicted: bool
    """Whether it needs the frame before it."""


class SequenceReader:
    """Reads a sequence frame by frame, in memory that does not grow with their number.

    Iteration yields the frames in order. From a file that can seek it begins anew each time, and `frame`, `entry` and
    `count` hop from record to record without reading the payloads. From a pipe it goes on where it stood.

    Args:
        file: open for reading, in binary mode, at the beginning of the stream.
        salvage: take what there is of a stream that is cut off or damaged: the whole frames before the damage come,
            and then the end, and ``damage`` says what was found. Otherwise the damage raises.

    Raises:
        BitstreamError: no cotam stream, a damaged header, or a still image.
        VersionError: a stream of a newer format version.
    """

    def __init__(self, file: IO[bytes], *, salvage: bool = False) -> None:
        self._file, self._salvage = file, salvage
        self._start = file.tell() if file.seekable() else None
        reader = FileReader(file, self._start)
        self.header = take_header(reader)
        """What is true of the whole stream."""
        if not self.header.sequence:
            raise BitstreamError("a still image, not a sequence of frames")
        self.damage: BitstreamError | None = None
        """What ended the stream too early, once it was come upon in salvage."""
        self._records = read_records(reader, self.header)
        self._first = reader.position
        self._entries: list[FrameEntry] = []
        self._complete = False

    def __iter__(self) -> Iterator[FrameRecord]:
        """The frames in order.

        Raises:
            BitstreamError: damage, unless it is salvaged.
        """
        records = self._records
        if self._start is not None:
            records = read_records(self._reader(self._first), self.header)
        try:
            yield from records
        except BitstreamError as error:
            self._stop_at(error)

    def count(self) -> int:
        """Number of frames, by hopping to the end.

        Raises:
            BitstreamError: damage on the way, unless it is salvaged.
            ValueError: a pipe.
        """
        while not self._complete:
            self._hop()
        return len(self._entries)

    def entry(self, index: int) -> FrameEntry:
        """Where frame ``index`` lies; hops there from the last frame that was hopped to.

        Raises:
            IndexError: there is no such frame.
            BitstreamError: damage on the way, unless it is salvaged.
            ValueError: a pipe.
        """
        while index >= len(self._entries) and not self._complete:
            self._hop()
        if not 0 <= index < len(self._entries):
            raise IndexError(f"frame {index} of a sequence of {len(self._entries)}")
        return self._entries[index]

    def frame(self, index: int) -> FrameRecord:
        """Read frame ``index`` alone.

        Raises:
            BitstreamError: it is damaged; others as in `entry`.
        """
        entry = self.entry(index)
        reader = self._reader(entry.start - CHECKSUM_BYTES)
        before = reader.take(CHECKSUM_BYTES, "the checksum of a frame")
        return next(read_records(reader, self.header, index, entry.timestamp_ms - entry.delta_ms, before))

    def key_frame(self, index: int) -> int:
        """Number of the last key frame up to frame ``index``: where decoding it begins; errors as in `entry`."""
        while self.entry(index).predicted:
            index -= 1
        return index

    @property
    def end(self) -> int:
        """First byte behind the frames that were hopped to, from the beginning of the stream."""
        return self._entries[-1].end if self._entries else self._first

    def _reader(self, position: int) -> FileReader:
        if self._start is None:
            raise ValueError("the stream comes from a pipe, whose frames can only be read in order")
        return FileReader(self._file, self._start, position)

    def _hop(self) -> None:
        """Add the next entry, or find that the stream ends here."""
        last = self._entries[-1] if self._entries else None
        reader = self._reader(self.end)
        try:
            head = read_head(reader, len(self._entries))
            if head is None:
                self._complete = True
            else:
                self._entries.append(self._entry(reader, head, last))
        except BitstreamError as error:
            self._stop_at(error)
            self._complete = True

    def _entry(self, reader: FileReader, head: RecordHead, last: FrameEntry | None) -> FrameEntry:
        end = reader.position + head.length + CHECKSUM_BYTES
        predicted = read_quality(reader, self.header)[1]
        if end > self._size():
            raise TruncatedError(
                f"truncated stream: a frame ends at byte {end}, the stream at {self._size()}"
            )
        with refusing_stream_values():
            if predicted and last is None:
                raise ValueError("the first frame of a sequence must be a key frame, not predicted")
        before = last.timestamp_ms if last else 0
        return FrameEntry(self.end, end, before + head.delta_ms, head.delta_ms, predicted)

    def _size(self) -> int:
        assert self._start is not None
        return self._file.seek(0, os.SEEK_END) - self._start

    def _stop_at(self, error: BitstreamError) -> None:
        if not self._salvage:
            raise error
        self.damage = error
