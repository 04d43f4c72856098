"""Sequences read and written frame by frame, in files and pipes."""

import io
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cotam.bitstream import (
    FrameRecord,
    SequenceReader,
    SequenceWriter,
    Stream,
    StreamHeader,
    read_stream,
    write_stream,
)
from cotam.bitstream.header import header_bytes
from cotam.bitstream.sequence import all_records, record_bytes
from cotam.errors import BitstreamError, TruncatedError

HEADER = StreamHeader(64, 48, b"abcd", sequence=True)
PREDICTING = replace(HEADER, version=2)


class Pipe(io.RawIOBase):
    """Bytes that come seven at a time, and only once."""

    def __init__(self, data: bytes) -> None:
        self._rest = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, count: int = -1) -> bytes:
        return self._rest.read(min(count, 7))


def written(stream: Stream) -> bytes:
    file = io.BytesIO()
    with SequenceWriter(file, stream.header) as writer:
        for frame in stream.frames:
            writer.append(frame)
    assert writer.bytes_written == file.tell()
    return file.getvalue()


def frame(time: int, *, predicted: bool = False) -> FrameRecord:
    return FrameRecord(40.0, None, bytes([time % 255 + 1]) * 50, time, predicted)


def test_frames_written_one_by_one_are_the_bytes_of_the_whole_stream(sequence: Stream) -> None:
    assert written(sequence) == write_stream(sequence)


@pytest.mark.parametrize("opened", [io.BytesIO, Pipe])
def test_frames_come_from_a_file_and_from_a_pipe(
    sequence: Stream, opened: Callable[[bytes], io.IOBase]
) -> None:
    reader = SequenceReader(opened(write_stream(sequence)))
    assert reader.header == sequence.header
    assert tuple(reader) == sequence.frames


def test_a_stream_may_begin_anywhere_in_a_file(sequence: Stream) -> None:
    file = io.BytesIO(b"before" + write_stream(sequence))
    file.seek(6)
    assert SequenceReader(file).frame(1) == sequence.frames[1]


def test_any_frame_is_read_without_the_payloads_before_it() -> None:
    class Counting(io.BytesIO):
        taken = 0

        def read(self, count: int | None = -1) -> bytes:
            data = super().read(count)
            self.taken += len(data)
            return data

    frames = tuple(FrameRecord(40.0, None, b"x" * 5000, time) for time in range(0, 100, 10))
    reader = SequenceReader(file := Counting(write_stream(Stream(HEADER, frames))))
    assert reader.frame(9) == frames[9]
    assert file.taken < 5300
    assert [reader.frame(index) for index in (3, 0, 9)] == [frames[3], frames[0], frames[9]]
    assert reader.count() == 10
    with pytest.raises(IndexError, match="frame 10 of a sequence of 10"):
        reader.frame(10)


def test_two_readings_of_one_file_do_not_disturb_each_other(sequence: Stream) -> None:
    reader = SequenceReader(io.BytesIO(write_stream(sequence)))
    assert [(a, b, reader.frame(2)) for a, b in zip(reader, reader, strict=True)] == [
        (f, f, sequence.frames[2]) for f in sequence.frames
    ]


def test_a_pipe_has_no_frames_by_number(sequence: Stream) -> None:
    with pytest.raises(ValueError, match="can only be read in order"):
        SequenceReader(Pipe(write_stream(sequence))).frame(0)


def test_a_cut_stream_gives_its_whole_frames_and_says_what_is_wrong(sequence: Stream) -> None:
    data = write_stream(sequence)
    for length in range(17, len(data)):
        strict, reader = (
            SequenceReader(io.BytesIO(data[:length]), salvage=salvage) for salvage in (False, True)
        )
        frames = tuple(reader)
        assert frames == sequence.frames[: len(frames)]
        assert reader.count() == len(frames) == min((length - 17) // 15, 3)
        assert isinstance(reader.damage, TruncatedError)
        for look in (list, SequenceReader.count, SequenceReader.count):
            with pytest.raises(TruncatedError):
                look(strict)


def test_a_damaged_frame_ends_what_is_salvaged(sequence: Stream) -> None:
    data = bytearray(write_stream(sequence))
    data[data.index(b"\2\2\2\2\2")] ^= 1
    reader = SequenceReader(io.BytesIO(data), salvage=True)
    assert tuple(reader) == sequence.frames[:1]
    assert "checksum mismatch" in str(reader.damage)
    with pytest.raises(BitstreamError, match="checksum mismatch"):
        reader.frame(1)
    assert reader.frame(2) == sequence.frames[2]


def test_a_block_that_fails_leaves_a_whole_stream_of_the_frames_before() -> None:
    file = io.BytesIO()

    def fail_after_one_frame() -> None:
        with SequenceWriter(file, HEADER) as writer:
            writer.append(frame(0))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_one_frame()
    assert read_stream(file.getvalue()).frames == (frame(0),)


def test_a_sequence_without_frames_cannot_be_closed() -> None:
    with pytest.raises(ValueError, match="number of frames must be 1"):
        SequenceWriter(io.BytesIO(), HEADER).close()


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 20])
def test_a_sequence_is_gone_on_with_behind_its_last_whole_frame(tmp_path: Path, cut: int) -> None:
    frames = (frame(0), frame(40), frame(80))
    data = write_stream(Stream(HEADER, frames))
    path = tmp_path / "growing.cotam"
    path.write_bytes(data[: len(data) - cut])
    with path.open("r+b") as file, SequenceWriter.resume(file) as writer:
        writer.append(frame(120))
    kept = frames if cut <= 2 else frames[:2]
    assert read_stream(path.read_bytes()).frames == (*kept, frame(120))


def test_a_damaged_sequence_is_not_gone_on_with(tmp_path: Path) -> None:
    data = bytearray(write_stream(Stream(HEADER, (frame(0), frame(40)))))
    data[30] ^= 1
    file = io.BytesIO(data)
    with pytest.raises(BitstreamError, match="checksum"):
        SequenceWriter.resume(file)
    assert file.getvalue() == data


def test_a_writer_refuses_what_a_reader_would() -> None:
    writer = SequenceWriter(io.BytesIO(), HEADER)
    writer.append(frame(40))
    with pytest.raises(ValueError, match="time from one frame to the next"):
        writer.append(frame(39))
    with pytest.raises(ValueError, match="frame 1 is predicted, which needs version 2"):
        writer.append(frame(50, predicted=True))
    writer.close()
    with pytest.raises(ValueError, match="closed"):
        writer.append(frame(60))
    with pytest.raises(ValueError, match="header of a sequence"):
        SequenceWriter(io.BytesIO(), StreamHeader(8, 8, b"abcd"))


def test_predicted_frames_are_known_without_reading_them() -> None:
    frames = (
        frame(0),
        frame(1, predicted=True),
        frame(2),
        frame(3, predicted=True),
        frame(4, predicted=True),
    )
    data = write_stream(Stream(PREDICTING, frames))
    assert read_stream(data).frames == frames
    reader = SequenceReader(io.BytesIO(data))
    assert [reader.key_frame(index) for index in range(5)] == [0, 0, 2, 2, 2]
    assert [reader.entry(index).predicted for index in range(5)] == [f.predicted for f in frames]


def test_a_sequence_cannot_begin_with_a_predicted_frame() -> None:
    with pytest.raises(ValueError, match="must be a key frame"):
        Stream(PREDICTING, (frame(0, predicted=True),))
    headless = header_bytes(PREDICTING) + record_bytes(frame(1, predicted=True), 1, b"") + b"\0\0"
    for read in (lambda: read_stream(headless), lambda: SequenceReader(io.BytesIO(headless)).entry(0)):
        with pytest.raises(BitstreamError, match="must be a key frame"):
            read()


GROUPS = (frame(0), frame(1, predicted=True), frame(2, predicted=True), frame(3), frame(4, predicted=True))


def without(*left_out: int) -> bytes:
    """A sequence of `GROUPS` from which records were taken."""
    records = all_records(GROUPS, [0, 1, 1, 1, 1])
    kept = [record for number, record in enumerate(records) if number not in left_out]
    return b"".join([header_bytes(PREDICTING), *kept, b"\0\0"])


@pytest.mark.parametrize(("left_out", "come"), [(0, 0), (1, 1), (2, 4), (3, 3)])
def test_a_record_that_is_taken_out_is_missed_where_the_next_one_was_predicted_from_it(left_out, come):
    reader = SequenceReader(io.BytesIO(without(left_out)), salvage=True)
    assert len(list(reader)) == come
    assert (reader.damage is None) == (come == 4)


def test_frames_up_to_a_key_frame_can_be_left_out_together() -> None:
    assert [one.payload for one in read_stream(without(0, 1, 2)).frames] == [
        one.payload for one in GROUPS[3:]
    ]
    assert len(read_stream(without(1, 2)).frames) == 3


def test_a_predicted_frame_read_by_itself_or_appended_later_is_held_to_the_one_before() -> None:
    file = io.BytesIO()
    with SequenceWriter(file, PREDICTING) as writer:
        writer.append(GROUPS[0])
    file.seek(0)
    with SequenceWriter.resume(file) as writer:
        for one in GROUPS[1:]:
            writer.append(one)
    assert file.getvalue() == without()
    file.seek(0)
    assert SequenceReader(file).frame(2) == GROUPS[2]
    with pytest.raises(BitstreamError, match="checksum mismatch in a predicted frame"):
        SequenceReader(io.BytesIO(without(1))).frame(1)


def test_version_1_has_no_predicted_frames() -> None:
    head = header_bytes(replace(PREDICTING, version=1))
    data = head + record_bytes(frame(1, predicted=True), 0, b"") + b"\0\0"
    with pytest.raises(BitstreamError, match="quality must be 1 to 100"):
        read_stream(data)


def test_a_thousand_frames_are_written_and_read_in_the_memory_of_a_few(tmp_path: Path) -> None:
    payload, path = bytes(100_000), tmp_path / "long.cotam"
    tracemalloc.start()
    with path.open("wb") as file, SequenceWriter(file, HEADER) as writer:
        for time in range(1000):
            writer.append(FrameRecord(40.0, None, payload, time))
    with path.open("rb") as file:
        assert sum(1 for _ in SequenceReader(file)) == 1000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000


def test_a_claimed_length_allocates_nothing_in_a_file() -> None:
    data = write_stream(Stream(HEADER, (frame(0),)))[:17] + b"\x05\x85\x80\x80\x80\x01abc"
    tracemalloc.start()
    for look in (list, SequenceReader.count):
        with pytest.raises(TruncatedError):
            look(SequenceReader(io.BytesIO(data)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000
