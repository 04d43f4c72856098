"""Frames into sequences and back."""

import io
import tracemalloc

import numpy as np
import pytest

from cotam.bitstream import read_stream
from cotam.errors import BitstreamError, ModelError, VideoError
from cotam.video import Frame, VideoEncoder, VideoReader, encode


@pytest.fixture
def coded(random_codec, make_frames):
    """A sequence of four frames, 40 ms apart."""
    file = io.BytesIO()
    with VideoEncoder(file, random_codec, 50) as encoder:
        for index, pixels in enumerate(make_frames(4)):
            encoder.add(pixels, 40 * index)
    assert (encoder.frames, encoder.bytes_written) == (4, len(file.getvalue()))
    return file.getvalue()


def test_every_frame_decodes_to_what_it_decodes_to_as_a_still(coded, random_codec, make_frames):
    frames = list(VideoReader(io.BytesIO(coded), random_codec))
    assert [frame.timestamp_ms for frame in frames] == [0, 40, 80, 120]
    for frame, pixels in zip(frames, make_frames(4), strict=True):
        assert np.array_equal(frame.image, random_codec.decode(random_codec.encode(pixels, 50)))


def test_a_frame_by_its_number_is_the_one_of_the_whole(coded, random_codec):
    reader = VideoReader(io.BytesIO(coded), random_codec)
    every = [np.asarray(frame.image) for frame in reader]
    assert reader.count() == 4
    for index in (2, 0, 3):
        assert np.array_equal(reader.frame(index), every[index])
        assert reader.timestamp_ms(index) == 40 * index
        assert reader.latents(index).model_id == random_codec.model_id


def test_a_camera_s_frames_are_decodable_while_it_runs(random_codec, make_frames):
    file = io.BytesIO()
    encoder = VideoEncoder(file, random_codec)
    for index, pixels in enumerate(make_frames(3)):
        encoder.add(pixels, index)
        reader = VideoReader(io.BytesIO(file.getvalue()), random_codec, salvage=True)
        assert sum(1 for _ in reader) == index + 1
        assert reader.damage is not None


def test_frames_before_a_failure_are_a_whole_stream(random_codec, make_frames, tmp_path):
    def camera():
        yield from make_frames(2)
        raise OSError("unplugged")

    with pytest.raises(OSError, match="unplugged"):
        encode(camera(), tmp_path / "c.cotam", codec=random_codec)
    assert len(read_stream((tmp_path / "c.cotam").read_bytes()).frames) == 2


def test_an_iterator_has_a_rate_or_times_of_its_own(random_codec, make_frames):
    file = io.BytesIO()
    encode(make_frames(3), file, fps=4, codec=random_codec)
    assert [frame.timestamp_ms for frame in read_stream(file.getvalue()).frames] == [0, 250, 500]
    file = io.BytesIO()
    encode([Frame(pixels, 7 * i) for i, pixels in enumerate(make_frames(3))], file, codec=random_codec)
    assert [frame.timestamp_ms for frame in read_stream(file.getvalue()).frames] == [0, 7, 14]
    with pytest.raises(ValueError, match="num_frames is for files and folders"):
        encode(make_frames(3), file, num_frames=2, codec=random_codec)


def test_grey_frames_stay_grey(random_codec, make_frames):
    file = io.BytesIO()
    encode([pixels[..., 0] for pixels in make_frames(2)], file, codec=random_codec)
    assert [frame.image.mode for frame in VideoReader(io.BytesIO(file.getvalue()), random_codec)] == [
        "L",
        "L",
    ]
    with pytest.raises(VideoError, match="frame 1 has colours and the first one is grey"):
        encode([make_frames(1)[0][..., 0], make_frames(1)[0]], io.BytesIO(), codec=random_codec)


def test_rates_hold_for_every_frame(random_codec, make_frames):
    file = io.BytesIO()
    encode(make_frames(3), file, codec=random_codec, target_bytes=150)
    assert all(len(frame.payload) <= 150 for frame in read_stream(file.getvalue()).frames)


def test_guidance_is_asked_for_every_frame(random_codec, make_frames):
    file = io.BytesIO()
    encode(make_frames(3), file, codec=random_codec, guidance="saliency:grid=4")
    assert all(frame.level_map is not None for frame in read_stream(file.getvalue()).frames)


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([], "no frames to encode"),
        ([np.zeros((8, 8, 3), np.uint8), np.zeros((9, 8, 3), np.uint8)], "8 x 9 and"),
    ],
)
def test_what_is_no_sequence_is_refused(random_codec, frames, message):
    with pytest.raises(VideoError, match=message):
        encode(frames, io.BytesIO(), codec=random_codec)


def test_streams_that_are_no_sequence_of_this_model_are_refused(
    random_codec, shipped_codec, coded, make_frames
):
    with pytest.raises(BitstreamError, match="a still image"):
        VideoReader(io.BytesIO(random_codec.encode(make_frames(1)[0])))
    with pytest.raises(ModelError):
        VideoReader(io.BytesIO(coded))
    with pytest.raises(ModelError, match="was made with model"):
        VideoReader(io.BytesIO(coded), shipped_codec).frame(0)


def test_a_predicted_frame_is_refused_by_a_model_that_knows_none(random_codec, coded):
    from dataclasses import replace

    from cotam.bitstream import Stream, write_stream

    stream = read_stream(coded)
    frames = (stream.frames[0], replace(stream.frames[1], predicted=True))
    data = write_stream(Stream(replace(stream.header, version=2), frames))
    reader = VideoReader(io.BytesIO(data), random_codec)
    assert np.array_equal(reader.frame(0), VideoReader(io.BytesIO(coded), random_codec).frame(0))
    with pytest.raises(ModelError, match="knows key frames alone"):
        reader.frame(1)


def test_memory_does_not_grow_with_the_number_of_frames(random_codec, make_frames, tmp_path):
    frames = make_frames(8, (32, 32))

    def peak(count):
        path = tmp_path / f"{count}.cotam"
        tracemalloc.start()
        encode((frames[i % 8] for i in range(count)), path, codec=random_codec)
        with VideoReader(path, random_codec) as reader:
            assert sum(1 for _ in reader) == count
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(2)
    assert peak(60) < peak(6) + 100_000
