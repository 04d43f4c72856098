"""Sequences whose frames are predicted from one another."""

import io

import numpy as np
import pytest

from cotam.bitstream import SequenceReader
from cotam.codec import Codec
from cotam.errors import ModelError
from cotam.video import VideoEncoder, VideoReader


def coded(codec: Codec, frames: list[np.ndarray], **options) -> bytes:
    file = io.BytesIO()
    with VideoEncoder(file, codec, 40, **options) as encoder:
        for index, pixels in enumerate(frames):
            encoder.add(pixels, 40 * index)
    return file.getvalue()


def mean_error(data: bytes, frames: list[np.ndarray]) -> float:
    """Mean squared error of all frames."""
    decoded = [np.asarray(frame.image, float) for frame in VideoReader(io.BytesIO(data))]
    return float(np.mean([np.square(a - b).mean() for a, b in zip(decoded, frames, strict=True)]))


@pytest.fixture(scope="module")
def stream(shipped_codec: Codec, make_frames) -> bytes:
    """Seven frames, of which the first, fourth and seventh are key frames."""
    return coded(shipped_codec, make_frames(7), key_interval=3)


def test_predicted_frames_take_less_and_look_the_same(
    stream: bytes, shipped_codec: Codec, make_frames
) -> None:
    frames = make_frames(7)
    records = list(SequenceReader(io.BytesIO(stream)))
    assert [record.predicted for record in records] == [False, True, True, False, True, True, False]
    alone = coded(shipped_codec, frames)
    assert len(stream) < 0.8 * len(alone)
    errors = [mean_error(data, frames) for data in (stream, alone)]
    assert errors[0] < 1.3 * errors[1]


def test_any_predicted_frame_decodes_by_its_number(stream: bytes) -> None:
    every = [np.asarray(frame.image) for frame in VideoReader(io.BytesIO(stream))]
    reader = VideoReader(io.BytesIO(stream))
    for index in (5, 1, 2, 6, 4):
        assert np.array_equal(reader.frame(index), every[index])


def test_going_through_frames_and_taking_one_do_not_disturb_each_other(stream: bytes) -> None:
    every = [np.asarray(frame.image) for frame in VideoReader(io.BytesIO(stream))]
    reader = VideoReader(io.BytesIO(stream))
    for index, frame in enumerate(reader):
        assert np.array_equal(frame.image, every[index])
        assert np.array_equal(reader.frame(2), every[2])


def test_a_frame_that_is_refused_does_not_spoil_the_next(shipped_codec: Codec, make_frames) -> None:
    frames, file = make_frames(3), io.BytesIO()
    with VideoEncoder(file, shipped_codec, 40, key_interval=10) as encoder:
        encoder.add(frames[0], 100)
        with pytest.raises(ValueError, match="time"):
            encoder.add(frames[1], 50)
        encoder.add(frames[2], 200)
    assert [frame.timestamp_ms for frame in VideoReader(io.BytesIO(file.getvalue()))] == [100, 200]


def test_a_codec_that_knows_key_frames_alone_says_so(random_codec: Codec, stream: bytes) -> None:
    with pytest.raises(ModelError, match="knows key frames alone"):
        VideoEncoder(io.BytesIO(), random_codec, key_interval=5)


def test_prediction_goes_with_a_quality(shipped_codec: Codec) -> None:
    with pytest.raises(ValueError, match="key_interval goes with a quality"):
        VideoEncoder(io.BytesIO(), shipped_codec, target_bytes=500, key_interval=5)
