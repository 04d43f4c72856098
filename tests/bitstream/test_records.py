from typing import Any

import pytest

from cotam.bitstream import FrameRecord, LevelMapHeader, Metadata, Stream, StreamHeader, nearest_quality

ID = b"\0\1\2\3"


def frame(time: int = 0) -> FrameRecord:
    return FrameRecord(50.0, None, b"abc", time)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 0}, "width must be 1 to 65536, got 0"),
        ({"height": 65537}, "height must be 1 to 65536, got 65537"),
        ({"width": 8193, "height": 8192}, "at most 67108864 pixels, got 8193 x 8192"),
        ({"model_id": b"abc"}, "model_id must be 4 bytes, got 3"),
        ({"version": 3}, "version must be 1 to 2"),
        ({"version": 2}, "version 2 is for sequences"),
        ({"version": 0}, "version must be 1"),
    ],
)
def test_a_header_that_the_format_cannot_hold_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StreamHeader(**{"width": 8, "height": 8, "model_id": ID, **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, 1.0, 8, 8), "levels must be 3 to 9"),
        ((4, 1.0, 8, 8), "levels must be odd"),
        ((11, 1.0, 8, 8), "levels must be 3 to 9"),
        ((3, 0.0, 8, 8), "strength must be 0.5 to 50"),
        ((3, 50.5, 8, 8), "strength must be 0.5 to 50"),
        ((3, 1.25, 8, 8), "in steps of 0.5"),
        ((3, 1.0, 0, 8), "rows must be 1 to 128"),
        ((3, 1.0, 8, 129), "columns must be 1 to 128"),
    ],
)
def test_a_level_map_that_the_format_cannot_hold_is_refused(
    arguments: tuple[int, float, int, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        LevelMapHeader(*arguments)


@pytest.mark.parametrize("quality", [0.875, 100.125, 33.3, float("nan"), -1.0])
def test_a_quality_that_the_format_cannot_hold_is_refused(quality: float) -> None:
    with pytest.raises(ValueError, match=r"in steps of 0\.125"):
        FrameRecord(quality, None, b"")


def test_the_nearest_quality_can_be_stored() -> None:
    assert [nearest_quality(q) for q in (1, 33.3, 99.99, 100)] == [1.0, 33.25, 100.0, 100.0]
    for refused in (0.99, 100.01, float("nan")):
        with pytest.raises(ValueError, match="quality"):
            nearest_quality(refused)


def test_a_size_that_is_no_integer_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        StreamHeader(8.0, 8, ID)  # type: ignore[arg-type]


def test_metadata_above_one_mebibyte_is_refused() -> None:
    Metadata(exif=bytes(2**20 - 1), xmp=b"x")
    with pytest.raises(ValueError, match="at most 1048576 bytes, got 1048577"):
        Metadata(exif=bytes(2**20), xmp=b"x")


@pytest.mark.parametrize(
    ("sequence", "times", "message"),
    [
        (False, [], "number of frames must be 1 to 1, got 0"),
        (False, [0, 0], "number of frames must be 1 to 1, got 2"),
        (False, [5], "timestamp_ms of a still image must be 0"),
        (True, [], "number of frames must be 1 to 100000, got 0"),
        (True, [5, 4], "time from one frame to the next"),
        (True, [2**32], "time from one frame to the next"),
    ],
)
def test_frames_that_make_no_stream_are_refused(sequence: bool, times: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Stream(StreamHeader(8, 8, ID, sequence=sequence), tuple(map(frame, times)))


def test_a_stream_whose_payload_lacks_its_padding_is_refused() -> None:
    with pytest.raises(ValueError, match="must be at least 768 bytes, got 3"):
        Stream(StreamHeader(768, 512, ID), (frame(),))
