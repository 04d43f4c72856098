"""The rule that ties a picture's size to its payload, so that a few bytes cannot ask for a huge picture."""

from cotam.bitstream.limits import (
    MAX_PAYLOAD_BYTES,
    MAX_PIXELS_PER_PAYLOAD_BYTE,
    MIN_FREE_PAYLOAD,
    PREDICTED_FACTOR,
)


def minimum_payload_bytes(width: int, height: int, *, predicted: bool = False) -> int:
    """Fewest payload bytes that a frame of ``width`` x ``height`` pixels may have.

    ``ceil(width * height / 512)`` where that exceeds 512, else 0. A predicted frame takes most of its picture from
    the frame before: for it 512 becomes 4096.
    """
    pixels = MAX_PIXELS_PER_PAYLOAD_BYTE * (PREDICTED_FACTOR if predicted else 1)
    needed = -(-width * height // pixels)
    return needed if needed > MIN_FREE_PAYLOAD else 0


def check_payload_length(length: int, width: int, height: int, *, predicted: bool = False) -> None:
    """Refuse a payload that is too short for its picture, or too long for any.

    Raises:
        ValueError: ``length`` bytes are out of bounds for ``width`` x ``height`` pixels.
    """
    if length > MAX_PAYLOAD_BYTES:
        raise ValueError(f"a payload must be at most {MAX_PAYLOAD_BYTES} bytes, got {length}")
    if length < (needed := minimum_payload_bytes(width, height, predicted=predicted)):
        raise ValueError(
            f"a payload for {width} x {height} pixels must be at least {needed} bytes, got {length}"
        )


def padded_payload(payload: bytes, width: int, height: int, *, predicted: bool = False) -> bytes:
    """``payload`` with as many leading zero bytes as the rule asks for, often none."""
    return payload.rjust(minimum_payload_bytes(width, height, predicted=predicted), b"\0")


def unpadded_payload(payload: bytes) -> bytes:
    """``payload`` without any leading zero bytes: what the entropy decoder reads."""
    return payload.lstrip(b"\0")
