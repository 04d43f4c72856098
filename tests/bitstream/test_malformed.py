"""Each way of breaking a stream has a message of its own; checksums are right unless they are the point."""

import zlib

import pytest

from cotam.bitstream import Stream, iterate_frames, read_header, read_stream, write_stream
from cotam.errors import BitstreamError, VersionError

HEAD = bytes.fromhex("8b43544d 10 deadbeef 0f00 0f00")
BODY = bytes.fromhex("4001 00 cafe")


def sealed(data: bytes) -> bytes:
    return data + zlib.crc32(data).to_bytes(4, "little")


def still_of(body: str) -> bytes:
    return sealed(HEAD + bytes.fromhex(body))


def with_metadata(section: bytes) -> bytes:
    return sealed(HEAD[:4] + b"\x12" + HEAD[5:] + section + BODY)


def sequence_of(*records: bytes, end: bytes = b"\0\0") -> bytes:
    return sealed(HEAD[:4] + b"\x11" + HEAD[5:]) + b"".join(map(sealed, records)) + end


RECORD = b"\x05\x05" + BODY

MALFORMED = {
    "empty": (b"", "empty stream"),
    "a PNG": (b"\x89PNG\r\n\x1a\n" + bytes(30), "not a cotam stream: it starts with 89504e47"),
    "one wrong byte": (b"\x8c", "not a cotam stream"),
    "half a magic": (b"\x8bC", "truncated stream: it ends after 2 bytes"),
    "the magic alone": (b"\x8bCTM", "truncated stream: the version"),
    "version 0": (sealed(b"\x8bCTM\x00" + HEAD[5:] + BODY), "version 0 does not exist"),
    "reserved flag": (sealed(b"\x8bCTM\x18" + HEAD[5:] + BODY), "reserved flag"),
    "19 bytes": ((HEAD + BODY)[:19], "truncated stream: a still image takes at least 20 bytes"),
    "cut at the end": (sealed(HEAD + BODY)[:-1], "checksum mismatch in the image"),
    "one byte too many": (sealed(HEAD + BODY) + b"\0", "checksum mismatch in the image"),
    "quality too low": (still_of("0700 00 cafe"), "quality must be 1 to 100"),
    "quality too high": (still_of("2103 00 cafe"), "quality must be 1 to 100"),
    "one level": (still_of("4001 01 010000 cafe"), "levels must be 3 to 9, got 1"),
    "even levels": (still_of("4001 04 010000 cafe"), "levels must be odd, got 4"),
    "ten levels": (still_of("4001 0b 010000 cafe"), "levels must be 3 to 9, got 11"),
    "no strength": (still_of("4001 03 000000 cafe"), "strength must be 0.5 to 50"),
    "too much strength": (still_of("4001 03 650000 cafe"), "strength must be 0.5 to 50"),
    "too many rows": (still_of("4001 03 018000 cafe"), "rows must be 1 to 128, got 129"),
    "too many columns": (still_of("4001 03 0100ff cafe"), "columns must be 1 to 128, got 256"),
    "cut level map": (still_of("4001 03 0100"), "truncated stream: the level map"),
    "too many pixels": (
        sealed(HEAD[:9] + b"\xff\xff\xff\xff" + BODY),
        "at most 67108864 pixels, got 65536 x 65536",
    ),
    "bomb": (
        sealed(HEAD[:9] + b"\xff\x1f\xff\x1f" + BODY),
        "8192 x 8192 pixels must be at least 131072 bytes, got 2",
    ),
    "no metadata item": (with_metadata(b"\0"), "1 to 8 items, got 0"),
    "nine metadata items": (with_metadata(b"\x09" + b"\x01\0" * 9), "1 to 8 items, got 9"),
    "metadata twice": (with_metadata(b"\x02\x01\0\x01\0"), "metadata type 1 comes twice"),
    "unknown metadata twice": (with_metadata(b"\x02\x63\0\x63\0"), "metadata type 99 comes twice"),
    "huge metadata": (with_metadata(b"\x01\x01\x81\x80\x40"), "above 1048576 bytes"),
    "cut metadata": (with_metadata(b"\x01\x01\x40"), "truncated stream: a metadata item takes 64"),
    "padded varint": (with_metadata(b"\x81\x00\x01\0"), "longer than its value needs"),
    "damaged sequence header": (
        sequence_of(RECORD)[:9] + b"\x55" + sequence_of(RECORD)[10:],
        "checksum mismatch in the header",
    ),
    "no frame": (sequence_of(), "at least one frame"),
    "no terminator": (sequence_of(RECORD, end=b""), "truncated stream: a frame's timestamp"),
    "half a terminator": (sequence_of(RECORD, end=b"\0"), "truncated stream: a frame's length"),
    "late terminator": (sequence_of(RECORD, end=b"\x07\0"), "terminator of a sequence must have timestamp 0"),
    "trailing bytes": (sequence_of(RECORD, end=b"\0\0\0"), "trailing bytes after the end"),
    "short body": (sequence_of(b"\x05\x02\x40\x01"), "a frame must take 3 to"),
    "huge body": (sequence_of(end=b"\x05\x87\x80\x80\x80\x01"), "a frame must take 3 to 268435462 bytes"),
    "cut body": (
        sequence_of(end=b"\x05\x85\x80\x80\x80\x01\x40"),
        "truncated stream: a frame takes 268435461",
    ),
    "cut frame checksum": (sequence_of(RECORD, end=b"")[:-1], "truncated stream: the checksum of a frame"),
    "damaged frame": (sequence_of(RECORD)[:-3] + b"\x00\0\0", "checksum mismatch in a frame"),
    "damaged quality": (sequence_of(b"\x05\x03\0\0\0"), "quality must be 1 to 100"),
}


@pytest.mark.parametrize(("data", "message"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_stream_is_refused_with_its_own_message(data: bytes, message: str) -> None:
    with pytest.raises(BitstreamError, match=message) as caught:
        read_stream(data)
    assert "\n" not in str(caught.value)


def test_the_unbroken_stream_of_these_tests_is_valid() -> None:
    assert read_stream(sealed(HEAD + BODY)).frames[0].payload == b"\xca\xfe"
    assert [frame.timestamp_ms for frame in read_stream(sequence_of(RECORD, RECORD)).frames] == [5, 10]


@pytest.mark.parametrize("version", [3, 15])
def test_a_newer_version_is_refused_whatever_follows(version: int) -> None:
    for read in (read_stream, read_header, iterate_frames):
        with pytest.raises(VersionError, match=f"version {version}, .* a newer cotam is needed"):
            read(b"\x8bCTM" + bytes([version << 4 | 0x0F]) + b"anything")


def test_metadata_of_unknown_type_is_skipped() -> None:
    stream = read_stream(with_metadata(b"\x03\x63\x02??\x02\x01I\x00\x00"))
    assert (stream.header.metadata.exif, stream.header.metadata.icc) == (None, b"I")


def test_any_cut_of_a_stream_is_refused(still: Stream, sequence: Stream) -> None:
    for stream in (still, sequence):
        data = write_stream(stream)
        for length in range(len(data)):
            with pytest.raises(BitstreamError):
                read_stream(data[:length])


def test_any_flipped_bit_is_refused(still: Stream, sequence: Stream) -> None:
    for stream in (still, sequence):
        data = write_stream(stream)
        for bit in range(8 * len(data)):
            flipped = bytearray(data)
            flipped[bit // 8] ^= 1 << bit % 8
            with pytest.raises(BitstreamError):
                read_stream(bytes(flipped))


def test_a_header_that_is_not_whole_is_refused() -> None:
    for length in range(len(HEAD)):
        with pytest.raises(BitstreamError, match=r"empty|truncated"):
            read_header(HEAD[:length])
