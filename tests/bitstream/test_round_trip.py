from hypothesis import given, settings
from hypothesis import strategies as st

from cotam.bitstream import (
    FrameRecord,
    Stream,
    StreamHeader,
    iterate_frames,
    overhead_bytes,
    read_header,
    read_stream,
    write_stream,
)


@given(data=st.data())
def test_any_stream_reads_back_as_it_was_written(
    data: st.DataObject, streams: st.SearchStrategy[Stream]
) -> None:
    stream = data.draw(streams)
    written = write_stream(stream)
    assert read_stream(written) == stream
    assert tuple(iterate_frames(written)) == stream.frames
    assert read_header(written)[0] == stream.header


@settings(max_examples=50)
@given(data=st.data())
def test_the_parts_of_any_stream_add_up(data: st.DataObject, streams: st.SearchStrategy[Stream]) -> None:
    stream = data.draw(streams)
    parts = overhead_bytes(stream)
    assert sum(parts.values()) == len(write_stream(stream))
    assert parts["header"] >= 15


def test_the_largest_pictures_read_back() -> None:
    for width, height in ((8192, 8192), (65536, 1024), (1024, 65536)):
        stream = Stream(StreamHeader(width, height, b"abcd"), (FrameRecord(1.0, None, bytes(131072)),))
        assert read_stream(write_stream(stream)) == stream


def test_a_sequence_of_one_frame_stays_a_sequence() -> None:
    stream = Stream(StreamHeader(1, 1, b"abcd", sequence=True), (FrameRecord(1.0, None, b"", 40),))
    assert read_stream(write_stream(stream)) == stream


def test_bytearray_and_memoryview_read_like_bytes(still: Stream) -> None:
    written = write_stream(still)
    assert read_stream(bytearray(written)) == still
    assert read_stream(memoryview(written)) == still  # type: ignore[arg-type]
