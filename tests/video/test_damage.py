"""Files with predicted frames that are cut off or damaged: what is whole comes back, and nothing else."""

import io

import numpy as np
import pytest

from cotam.bitstream import SequenceReader
from cotam.bitstream.limits import CHECKSUM_BYTES
from cotam.codec import Codec
from cotam.errors import BitstreamError
from cotam.video import VideoEncoder, VideoReader

KEY_INTERVAL = 3
HIT = 4
"""A predicted frame, with a predicted one behind it, between the key frames 3 and 6."""


@pytest.fixture(scope="module")
def stream(shipped_codec: Codec, make_frames) -> bytes:
    """Eight frames; 0, 3 and 6 are key frames."""
    file = io.BytesIO()
    with VideoEncoder(file, shipped_codec, 30, key_interval=KEY_INTERVAL) as encoder:
        for index, pixels in enumerate(make_frames(8)):
            encoder.add(pixels, 40 * index)
    data = file.getvalue()
    predicted = [record.predicted for record in SequenceReader(io.BytesIO(data))]
    assert predicted == [number % KEY_INTERVAL != 0 for number in range(8)]
    return data


@pytest.fixture(scope="module")
def pictures(stream: bytes) -> list[np.ndarray]:
    return [np.asarray(frame.image) for frame in VideoReader(io.BytesIO(stream))]


def extents(stream: bytes) -> list[tuple[int, int]]:
    """First byte of every frame's record, and the first behind it."""
    reader = SequenceReader(io.BytesIO(stream))
    return [(reader.entry(number).start, reader.entry(number).end) for number in range(reader.count())]


def test_a_stream_cut_at_any_byte_keeps_the_frames_that_are_whole(stream: bytes) -> None:
    whole, places = list(SequenceReader(io.BytesIO(stream))), extents(stream)
    for cut in range(places[0][0], len(stream)):
        reader = SequenceReader(io.BytesIO(stream[:cut]), salvage=True)
        expected = sum(end <= cut for _, end in places)
        assert list(reader) == whole[:expected]
        assert reader.damage is not None
        assert SequenceReader(io.BytesIO(stream[:cut]), salvage=True).count() == expected


@pytest.mark.parametrize("number", range(8))
def test_what_is_left_of_a_stream_that_was_cut_decodes_as_before(
    stream: bytes, pictures: list[np.ndarray], number: int
) -> None:
    start, end = extents(stream)[number]
    data = stream[: (start + end) // 2]
    reader = VideoReader(io.BytesIO(data), salvage=True)
    left = [np.asarray(frame.image) for frame in reader]
    assert np.array_equal(left, pictures[:number]) if number else not left
    assert reader.damage is not None
    if number:
        assert np.array_equal(reader.frame(number - 1), pictures[number - 1])
    with pytest.raises(IndexError):
        reader.frame(number)


def damaged(stream: bytes, place: float, bit: int = 0x40) -> bytes:
    """The stream with one bit of frame `HIT` changed, behind its length; ``place`` is from 0 to 1."""
    start, end = extents(stream)[HIT]
    data = bytearray(stream)
    data[start + 2 + round(place * (end - start - 3))] ^= bit
    return bytes(data)


def test_any_changed_bit_of_a_frame_is_noticed_and_hides_no_other_frame(stream: bytes) -> None:
    whole, (start, end) = list(SequenceReader(io.BytesIO(stream))), extents(stream)[HIT]
    assert end - start - 6 < 128, "the length takes one byte"
    for place in np.linspace(0, 1, end - start - 2):
        for bit in (0x01, 0x80):
            reader = SequenceReader(io.BytesIO(damaged(stream, place, bit)))
            with pytest.raises(BitstreamError, match=r"checksum mismatch in a (predicted )?frame"):
                reader.frame(HIT)
            in_checksum = start + 2 + round(place * (end - start - 3)) >= end - CHECKSUM_BYTES
            lost = {HIT, HIT + 1} if in_checksum else {HIT}  # the next frame's checksum covers this one's
            others = [number for number in range(8) if number not in lost]
            assert [reader.frame(number) for number in others] == [whole[number] for number in others]


@pytest.mark.parametrize("place", [0.0, 0.3, 0.6, 1.0])
def test_a_damaged_predicted_frame_costs_no_more_than_those_up_to_the_next_key_frame(
    stream: bytes, pictures: list[np.ndarray], place: float
) -> None:
    reader = VideoReader(io.BytesIO(damaged(stream, place)))
    assert reader.count() == 8
    for number in (3, 4, 5, 7, 6, 5, 2, 4, 3):
        if number in (4, 5):
            with pytest.raises(BitstreamError, match="checksum mismatch in a predicted frame"):
                reader.frame(number)
        else:
            assert np.array_equal(reader.frame(number), pictures[number])


def test_going_through_a_damaged_stream_gives_the_frames_before(
    stream: bytes, pictures: list[np.ndarray]
) -> None:
    frames = iter(VideoReader(io.BytesIO(damaged(stream, 0.5))))
    came = [np.asarray(next(frames).image) for _ in range(HIT)]
    with pytest.raises(BitstreamError, match="checksum mismatch in a predicted frame"):
        next(frames)
    assert np.array_equal(came, pictures[:HIT])
    salvaged = VideoReader(io.BytesIO(damaged(stream, 0.5)), salvage=True)
    assert sum(1 for _ in salvaged) == HIT
    assert salvaged.damage is not None


def test_a_frame_that_was_taken_out_is_missed_and_spoils_nothing_beyond_the_next_key_frame(
    stream: bytes, pictures: list[np.ndarray]
) -> None:
    start, end = extents(stream)[HIT]
    reader = VideoReader(io.BytesIO(stream[:start] + stream[end:]))
    assert reader.count() == 7
    with pytest.raises(BitstreamError, match="in a predicted frame, or in the one before it"):
        reader.frame(HIT)
    for number, original in ((0, 0), (3, 3), (5, 6), (6, 7)):
        assert np.array_equal(reader.frame(number), pictures[original])
