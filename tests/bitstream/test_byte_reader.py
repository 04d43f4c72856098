import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotam.bitstream import ByteReader
from cotam.bitstream.byte_reader import varint_bytes
from cotam.errors import BitstreamError


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (0, b"\x00"),
        (127, b"\x7f"),
        (128, b"\x80\x01"),
        (300, b"\xac\x02"),
        (2**32 - 1, b"\xff\xff\xff\xff\x0f"),
    ],
)
def test_varints_have_the_bytes_of_the_format_page(value: int, data: bytes) -> None:
    assert varint_bytes(value) == data
    assert ByteReader(data).varint("x") == value


@given(st.integers(0, 2**32 - 1))
def test_a_varint_reads_back_and_leaves_the_rest(value: int) -> None:
    reader = ByteReader(varint_bytes(value) + b"rest")
    assert reader.varint("x") == value
    assert reader.rest() == b"rest"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x80\x00", "longer than its value needs"),
        (b"\x80\x80\x80\x80\x00", "longer than its value needs"),
        (b"\xff\xff\xff\xff\x10", "above 4294967295"),
        (b"\x80\x80\x80\x80\x80\x01", "more than 5 bytes"),
        (b"\x80\x80", "truncated"),
        (b"", "truncated"),
    ],
)
def test_a_varint_that_is_not_canonical_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(BitstreamError, match=message):
        ByteReader(data).varint("x")


@pytest.mark.parametrize("value", [-1, 2**32])
def test_a_value_that_no_varint_holds_cannot_be_written(value: int) -> None:
    with pytest.raises(ValueError, match="varint"):
        varint_bytes(value)


def test_integers_are_little_endian() -> None:
    assert ByteReader(b"\x01\x02\x00\x00").integer(4, "x") == 0x201


def test_reading_past_the_end_names_the_part_and_consumes_nothing() -> None:
    reader = ByteReader(b"abc", position=1)
    with pytest.raises(BitstreamError, match="the payload takes 3 bytes at byte 1, 2 are left"):
        reader.take(3, "the payload")
    assert reader.take(2, "the payload") == b"bc"


def test_text_is_no_bytes() -> None:
    with pytest.raises(TypeError, match="bytes-like"):
        ByteReader("abc")  # type: ignore[arg-type]
