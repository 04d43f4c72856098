import tracemalloc

import pytest

from cotam.bitstream import FrameRecord, Stream, StreamHeader, iterate_frames, read_stream, write_stream
from cotam.bitstream.sequence import record_bytes
from cotam.errors import BitstreamError


def test_a_cut_sequence_yields_its_whole_frames_and_then_raises(sequence: Stream) -> None:
    data = write_stream(sequence)
    frames = iterate_frames(data[:-4])
    assert [next(frames), next(frames)] == list(sequence.frames[:2])
    with pytest.raises(BitstreamError, match="truncated stream: the checksum of a frame"):
        next(frames)


def test_a_sequence_without_its_terminator_yields_all_frames_and_then_raises(sequence: Stream) -> None:
    frames = iterate_frames(write_stream(sequence)[:-2])
    assert [next(frames) for _ in sequence.frames] == list(sequence.frames)
    with pytest.raises(BitstreamError, match="truncated"):
        next(frames)


def test_an_altered_frame_is_not_yielded(sequence: Stream) -> None:
    data = bytearray(write_stream(sequence))
    data[data.index(b"\2\2\2\2\2")] ^= 1
    frames = iterate_frames(bytes(data))
    assert next(frames) == sequence.frames[0]
    with pytest.raises(BitstreamError, match="checksum mismatch in a frame"):
        next(frames)


def test_a_bad_header_is_refused_before_the_first_frame_is_asked_for() -> None:
    with pytest.raises(BitstreamError, match="not a cotam stream"):
        iterate_frames(b"GIF89a")


def test_a_still_image_iterates_as_one_frame(still: Stream) -> None:
    assert list(iterate_frames(write_stream(still))) == list(still.frames)


def test_every_frame_obeys_the_bomb_rule() -> None:
    header = StreamHeader(768, 512, b"abcd", sequence=True)
    good, bomb = FrameRecord(1.0, None, bytes(768)), FrameRecord(1.0, None, bytes(767))
    data = write_stream(Stream(header, (good,)))[:-2] + record_bytes(bomb, 40, b"") + b"\0\0"
    with pytest.raises(BitstreamError, match="must be at least 768 bytes, got 767"):
        read_stream(data)


def test_a_sequence_ends_at_100_000_frames() -> None:
    header, frame = StreamHeader(1, 1, b"abcd", sequence=True), FrameRecord(1.0, None, b"")
    one = write_stream(Stream(header, (frame,)))
    start, record = one[:17], one[17:-2]
    assert sum(1 for _ in iterate_frames(start + record * 100_000 + b"\0\0")) == 100_000
    with pytest.raises(BitstreamError, match="at most 100000 frames, got more"):
        for _ in iterate_frames(start + record * 100_001 + b"\0\0"):
            pass


@pytest.mark.parametrize("lengths", [b"\x05\x85\x80\x80\x80\x01", b"\x05\xff\xff\xff\xff\x0f"])
def test_a_claimed_length_allocates_nothing(sequence: Stream, lengths: bytes) -> None:
    data = write_stream(sequence)[:17] + lengths + b"abc"
    tracemalloc.start()
    with pytest.raises(BitstreamError):
        read_stream(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000
