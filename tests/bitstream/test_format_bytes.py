"""Container bytes written out by hand from docs/format.md: a change here is a new format version."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotam.bitstream import (
    FrameRecord,
    LevelMapHeader,
    Metadata,
    Stream,
    StreamHeader,
    overhead_bytes,
    read_header,
    read_stream,
    write_stream,
)
from cotam.bitstream.limits import STILL_OVERHEAD_BYTES

MODEL = bytes.fromhex("deadbeef")

STILL = Stream(StreamHeader(640, 400, MODEL), (FrameRecord(40.0, None, b"\xca\xfe"),))
STILL_BYTES = bytes.fromhex(
    "8b43544d 10 deadbeef 7f02 8f01"  # magic, version 1 without flags, model id, 639, 399
    "4001 00 cafe"  # quality 320 / 8, uniform level map, payload
    "41e07d5b"
)

RICH = Stream(
    StreamHeader(1, 65536, MODEL, grey=True, metadata=Metadata(exif=b"E", xmp=b"<x/>")),
    (FrameRecord(1.125, LevelMapHeader(5, 7.5, 8, 128), b"\x07"),),
)
RICH_BYTES = bytes.fromhex(
    "8b43544d 16 deadbeef 0000 ffff"  # flags GREY and METADATA
    "02 01 01 45 03 04 3c782f3e"  # two items: EXIF of 1 byte, XMP of 4
    "0900 05 0f 07 7f 07"  # quality 9 / 8, 5 levels, strength 15 / 2, 8 rows, 128 columns, payload
    "498b1a14"
)

SEQUENCE = Stream(
    StreamHeader(2, 3, MODEL, sequence=True),
    (FrameRecord(100.0, None, b""), FrameRecord(1.0, None, b"\xff", timestamp_ms=300)),
)
SEQUENCE_BYTES = bytes.fromhex(
    "8b43544d 11 deadbeef 0100 0200 de3c9722"
    "00 03 2003 00 d04df7c7"  # at 0 ms, 3 bytes: quality 800 / 8, uniform, empty payload
    "ac02 04 0800 00 ff cda6994d"  # 300 ms later, 4 bytes
    "00 00"  # terminator
)

GOLDEN = pytest.mark.parametrize(
    ("stream", "data"),
    [(STILL, STILL_BYTES), (RICH, RICH_BYTES), (SEQUENCE, SEQUENCE_BYTES)],
    ids=["still", "rich", "sequence"],
)


@GOLDEN
def test_a_stream_has_exactly_the_bytes_of_the_format_page(stream: Stream, data: bytes) -> None:
    assert write_stream(stream) == data


@GOLDEN
def test_the_bytes_of_the_format_page_read_as_the_stream(stream: Stream, data: bytes) -> None:
    assert read_stream(data) == stream


@given(payload=st.binary(max_size=200))
def test_a_still_with_a_uniform_map_takes_exactly_20_bytes_beside_its_payload(payload: bytes) -> None:
    data = write_stream(Stream(STILL.header, (FrameRecord(40.0, None, payload),)))
    assert len(data) - len(payload) == STILL_OVERHEAD_BYTES == 20


def test_a_uniform_level_map_takes_one_byte_and_any_other_four() -> None:
    assert overhead_bytes(STILL)["level_map"] == 1
    assert overhead_bytes(RICH)["level_map"] == 4


@pytest.mark.parametrize("stream", [STILL, RICH, SEQUENCE], ids=["still", "rich", "sequence"])
def test_the_parts_add_up_to_the_stream(stream: Stream) -> None:
    assert sum(overhead_bytes(stream).values()) == len(write_stream(stream))


def test_every_byte_is_counted_in_its_part() -> None:
    assert overhead_bytes(STILL) == {
        "header": 15,
        "metadata": 0,
        "level_map": 1,
        "payload": 2,
        "checksum": 4,
    }
    assert overhead_bytes(RICH) == {
        "header": 15,
        "metadata": 10,
        "level_map": 4,
        "payload": 1,
        "checksum": 4,
    }
    assert overhead_bytes(SEQUENCE) == {
        "header": 13 + 4 + 5 + 2,
        "metadata": 0,
        "level_map": 2,
        "payload": 1,
        "checksum": 12,
    }


@pytest.mark.parametrize(
    ("stream", "data", "length"),
    [(STILL, STILL_BYTES, 13), (RICH, RICH_BYTES, 23), (SEQUENCE, SEQUENCE_BYTES, 17)],
)
def test_the_header_reads_from_its_own_bytes_alone(stream: Stream, data: bytes, length: int) -> None:
    assert read_header(data) == (stream.header, length)
    assert read_header(data[:length]) == (stream.header, length)
