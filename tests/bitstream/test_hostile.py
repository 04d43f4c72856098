"""Any bytes are a valid stream or a BitstreamError; checksums are repaired so that the fields are reached."""

import io
import zlib

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cotam.bitstream import SequenceReader, Stream, iterate_frames, read_header, read_stream, write_stream
from cotam.bitstream.header import header_bytes
from cotam.bitstream.sequence import all_records
from cotam.errors import BitstreamError

EDITS = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 255), st.sampled_from(["set", "insert", "cut"]))
)


def sealed(data: bytes) -> bytes:
    return data + zlib.crc32(data).to_bytes(4, "little")


def edited(data: bytes, edits: list[tuple[int, int, str]]) -> bytes:
    changed = bytearray(data)
    for where, value, kind in edits:
        place = where % (len(changed) + 1)
        changed[place : place + (kind != "insert")] = b"" if kind == "cut" else bytes([value])
    return bytes(changed)


def streams_whole(data: bytes) -> bool:
    """Whether ``data`` reads as a sequence from a file; what it salvages otherwise must be frames."""
    try:
        reader = SequenceReader(io.BytesIO(data), salvage=True)
    except BitstreamError:
        return False
    frames = list(reader)
    whole = reader.damage is None
    assert reader.count() >= len(frames)
    assert [reader.frame(index) for index in range(len(frames))] == frames
    return whole


def reads_or_is_refused(data: bytes) -> bool:
    """Whether ``data`` is a stream; one that reads must write to a stream that reads the same."""
    try:
        stream = read_stream(data)
    except BitstreamError:
        assert not streams_whole(data)
        return False
    assert streams_whole(data) == stream.header.sequence
    assert tuple(iterate_frames(data)) == stream.frames
    assert read_header(data)[0] == stream.header
    assert read_stream(write_stream(stream)) == stream
    return True


@given(st.binary(max_size=100))
def test_any_bytes_read_or_are_refused(data: bytes) -> None:
    for start in (b"", b"\x8bCTM", b"\x8bCTM\x10", b"\x8bCTM\x12"):
        reads_or_is_refused(start + data)
        reads_or_is_refused(sealed(start + data))


@given(st.binary(max_size=60), st.lists(st.binary(max_size=40), max_size=3))
def test_any_checked_records_read_or_are_refused(metadata: bytes, records: list[bytes]) -> None:
    head = sealed(b"\x8bCTM\x11" + bytes(8))
    reads_or_is_refused(head + b"".join(map(sealed, records)) + b"\0\0")
    reads_or_is_refused(sealed(b"\x8bCTM\x13" + bytes(8) + metadata) + sealed(b"\0\x03\x10\0\0") + b"\0\0")


@settings(max_examples=200)
@given(data=st.data(), edits=EDITS)
def test_an_altered_stream_with_right_checksums_reads_or_is_refused(
    data: st.DataObject, edits: list[tuple[int, int, str]], streams: st.SearchStrategy[Stream]
) -> None:
    stream = data.draw(streams)
    if not stream.header.sequence:
        reads_or_is_refused(sealed(edited(write_stream(stream)[:-4], edits)))
        return
    records = all_records(stream.frames, stream.timestamp_deltas())
    parts = [header_bytes(stream.header), *records]
    hit = data.draw(st.integers(0, len(parts) - 1))
    sections = [edited(part[:-4], edits) if index == hit else part[:-4] for index, part in enumerate(parts)]
    reads_or_is_refused(b"".join(map(sealed, sections)) + b"\0\0")


@example(data=b"\x8bCTM\x10" + bytes(8))
@given(st.binary(max_size=60))
def test_any_prefix_gives_a_header_or_is_refused(data: bytes) -> None:
    try:
        header, length = read_header(data)
    except BitstreamError:
        return
    assert 13 <= length <= len(data)
    assert read_header(data[:length]) == (header, length)
