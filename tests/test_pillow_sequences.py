"""Sequences as Pillow sees them: n_frames, seek, tell, save_all."""

import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

from cotam import pillow_plugin
from cotam.bitstream import read_stream
from cotam.pillow_plugin import given_codec
from cotam.video import VideoReader, encode


@pytest.fixture(autouse=True)
def registered(random_codec, monkeypatch):
    """Pillow with the plugin, and without it again afterwards."""
    Image.init()
    for name in ("OPEN", "SAVE", "SAVE_ALL", "EXTENSION", "MIME"):
        monkeypatch.setattr(Image, name, dict(getattr(Image, name)))
    monkeypatch.setattr(Image, "ID", list(Image.ID))
    monkeypatch.setattr(given_codec, "_given", None)
    pillow_plugin.register(random_codec)


def pictures(count: int = 4, mode: str = "RGB") -> list[Image.Image]:
    return [
        Image.linear_gradient("L").rotate(30 * index).resize((40, 24)).convert(mode) for index in range(count)
    ]


def saved(images: list[Image.Image], **options) -> bytes:
    buffer = io.BytesIO()
    images[0].save(buffer, "COTAM", save_all=True, append_images=images[1:], **options)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def times(data: bytes) -> list[int]:
    return [frame.timestamp_ms for frame in read_stream(data).frames]


def test_frames_are_sought_in_any_order(random_codec):
    data = saved(pictures(), quality=50)
    decoded = [np.asarray(frame.image) for frame in VideoReader(io.BytesIO(data), random_codec)]
    with opened(data) as image:
        assert (image.n_frames, image.is_animated, image.tell()) == (4, True, 0)
        for index in (0, 3, 1, 1, 2, 0):
            image.seek(index)
            assert image.tell() == index
            assert np.array_equal(image, decoded[index])
        with pytest.raises(EOFError):
            image.seek(4)
        assert image.tell() == 0
        frames = [np.asarray(frame) for frame in ImageSequence.Iterator(image)]
    assert np.array_equal(frames, decoded)


def test_a_file_stays_open_for_its_other_frames(tmp_path):
    (tmp_path / "s.cotam").write_bytes(saved(pictures()))
    with Image.open(tmp_path / "s.cotam") as image:
        image.load()
        image.seek(2)
        image.load()


def test_times_come_from_durations_and_go_back_into_them():
    assert times(saved(pictures(), duration=40)) == [0, 40, 80, 120]
    data = saved(pictures(), duration=[10, 20, 30, 40])
    assert times(data) == [0, 10, 30, 60]
    image, found = opened(data), []
    for frame in ImageSequence.Iterator(image):
        frame.load()
        found.append((frame.info["timestamp"], frame.info["duration"]))
    assert found == [(0, 10), (10, 20), (30, 30), (60, 100)]
    again = io.BytesIO()
    image.save(again, "GIF", save_all=True)
    assert times(saved([Image.open(again)])) == [0, 10, 30, 60]


def test_a_sequence_is_saved_again_with_all_its_frames():
    assert times(saved([opened(saved(pictures(), duration=70))])) == [0, 70, 140, 210]


def test_grey_frames_stay_grey():
    assert opened(saved(pictures(mode="L"))).mode == "L"
    assert opened(saved([*pictures(1, "L"), *pictures(1)])).mode == "RGB"


def test_a_still_image_has_one_frame():
    buffer = io.BytesIO()
    pictures(1)[0].save(buffer, "COTAM")
    image = opened(buffer.getvalue())
    assert (image.n_frames, image.is_animated, image.tell()) == (1, False, 0)
    with pytest.raises(EOFError):
        image.seek(1)


def test_predicted_frames_are_sought_too(shipped_codec):
    pillow_plugin.register(None)
    file = io.BytesIO()
    encode(pictures(4), file, codec=shipped_codec, key_interval=4)
    assert read_stream(file.getvalue()).header.version == 2
    decoded = [np.asarray(frame.image) for frame in VideoReader(io.BytesIO(file.getvalue()))]
    image = opened(file.getvalue())
    for index in (3, 1, 2):
        image.seek(index)
        assert np.array_equal(image, decoded[index])


def test_damage_is_an_os_error_where_it_is_come_upon():
    data = saved(pictures())
    image = opened(data[:-20])
    image.seek(2)
    image.load()
    with pytest.raises(OSError, match="truncated"):
        image.seek(3)
    with pytest.raises(OSError, match="truncated"):
        _ = image.n_frames


def test_metadata_in_a_sequence_is_refused():
    with pytest.raises(ValueError, match="save_all stores no metadata"):
        saved(pictures(), xmp=b"<x/>")
