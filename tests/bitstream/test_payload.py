import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotam.bitstream import minimum_payload_bytes, padded_payload, unpadded_payload
from cotam.bitstream.payload import check_payload_length


@pytest.mark.parametrize(
    ("width", "height", "least"),
    [(1, 1, 0), (512, 512, 0), (512, 513, 513), (768, 512, 768), (8192, 8192, 131072)],
)
def test_a_large_picture_needs_a_byte_for_every_512_pixels(width: int, height: int, least: int) -> None:
    assert minimum_payload_bytes(width, height) == least
    check_payload_length(least, width, height)


def test_a_payload_one_byte_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="768 x 512 pixels must be at least 768 bytes, got 767"):
        check_payload_length(767, 768, 512)


def test_a_payload_above_the_bound_is_refused() -> None:
    check_payload_length(2**28, 1, 1)
    with pytest.raises(ValueError, match="at most 268435456 bytes"):
        check_payload_length(2**28 + 1, 1, 1)


@given(st.binary(max_size=200), st.integers(1, 3000), st.integers(1, 3000))
def test_padding_meets_the_rule_and_keeps_what_is_read(payload: bytes, width: int, height: int) -> None:
    padded = padded_payload(payload, width, height)
    check_payload_length(len(padded), width, height)
    assert padded.endswith(payload)
    assert unpadded_payload(padded) == unpadded_payload(payload)
    assert len(padded) == max(len(payload), minimum_payload_bytes(width, height))
