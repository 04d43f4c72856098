"""Streams spoilt on purpose: blind changes of bytes, and changes that know the format."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from cotam.bitstream import Stream, read_stream, write_stream
from cotam.bitstream.checksum import checksum
from cotam.bitstream.limits import CHECKSUM_BYTES, MAGIC, VERSION

Mutation: TypeAlias = Callable[[np.random.Generator, bytes, bytes], bytes]
"""Makes a spoilt stream of a valid one; the second stream is another valid one to borrow from."""

FIELDS = ((4, 1), (5, 4), (9, 2), (11, 2), (13, 2), (15, 1), (16, 1), (17, 1), (18, 1))
"""Offset and length of the fixed fields of a still image without metadata: version and flags, model id,
width, height, quality, and the level map's levels, strength, rows and columns."""
MAX_JUNK = 200


def flip_bits(rng: np.random.Generator, data: bytes, _: bytes) -> bytes:
    """Flip one to eight bits anywhere."""
    spoilt = bytearray(data)
    for position in rng.integers(len(data), size=rng.integers(1, 9)):
        spoilt[position] ^= 1 << int(rng.integers(8))
    return bytes(spoilt)


def truncate(rng: np.random.Generator, data: bytes, _: bytes) -> bytes:
    """Cut the end off."""
    return data[: rng.integers(len(data))]


def insert(rng: np.random.Generator, data: bytes, _: bytes) -> bytes:
    """Put random bytes in anywhere, the end included."""
    place = int(rng.integers(len(data) + 1))
    return data[:place] + rng.bytes(int(rng.integers(1, 17))) + data[place:]


def splice(rng: np.random.Generator, data: bytes, other: bytes) -> bytes:
    """Go on with the end of another stream."""
    return data[: rng.integers(len(data))] + other[rng.integers(len(other)) :]


def change_field(rng: np.random.Generator, data: bytes, _: bytes) -> bytes:
    """Set a fixed field to zero, to its largest value, to one more or less, or to anything."""
    offset, size = FIELDS[rng.integers(len(FIELDS))]
    value, most = int.from_bytes(data[offset : offset + size], "little"), (1 << 8 * size) - 1
    choices = (0, most, min(value + 1, most), max(value - 1, 0), int(rng.integers(most + 1)))
    changed = choices[rng.integers(len(choices))].to_bytes(size, "little")
    return data[:offset] + changed + data[offset + size :]


def change_payload(rng: np.random.Generator, data: bytes, other: bytes) -> bytes:
    """Keep the container valid and spoil what lies in a frame of it: the entropy decoder sees wrong bytes."""
    stream = read_stream(data)
    number = int(rng.integers(len(stream.frames)))
    before, frame, after = stream.frames[:number], stream.frames[number], stream.frames[number + 1 :]
    how = (flip_bits, truncate, insert, _noise)[rng.integers(4)]
    spoilt = dataclasses.replace(frame, payload=how(rng, frame.payload or b"\0", other))
    try:
        return write_stream(dataclasses.replace(stream, frames=(*before, spoilt, *after)))
    except ValueError:  # too few bytes for this many pixels: the format refuses to write it
        return truncate(rng, data, other)


def mix_parts(rng: np.random.Generator, data: bytes, other: bytes) -> bytes:
    """A valid container with header, quality, level map and payload from either of two streams."""
    streams = read_stream(data), read_stream(other)
    head, quality, level_map, payload = (streams[i] for i in rng.integers(2, size=4))
    frame = dataclasses.replace(
        quality.frames[0], level_map=level_map.frames[0].level_map, payload=payload.frames[0].payload
    )
    try:
        return write_stream(Stream(head.header, (frame, *head.frames[1:])))
    except ValueError:  # too few bytes for this many pixels, or times that a still image does not have
        return truncate(rng, data, other)


def junk(rng: np.random.Generator, data: bytes, _: bytes) -> bytes:
    """Random bytes behind a right magic, and sometimes a right version and model."""
    start = MAGIC if rng.random() < 0.5 else MAGIC + bytes([VERSION << 4]) + data[5:9]
    return start + rng.bytes(int(rng.integers(MAX_JUNK)))


def _noise(rng: np.random.Generator, data: bytes, _: bytes) -> bytes:
    return rng.bytes(len(data))


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    truncate,
    insert,
    splice,
    change_field,
    change_payload,
    mix_parts,
    junk,
)


def mutate(seed: int, index: int, streams: Sequence[bytes]) -> tuple[str, bytes]:
    """Case ``index`` of a run: the mutation's name and the stream; half of all get a right checksum again.

    A pure function of its arguments, so that any case can be made again.
    """
    rng = np.random.default_rng([seed, index])
    data, other = (streams[i] for i in rng.integers(len(streams), size=2))
    mutation = MUTATIONS[rng.integers(len(MUTATIONS))]
    spoilt = mutation(rng, data, other)
    if rng.random() < 0.5 and len(spoilt) > CHECKSUM_BYTES:
        spoilt = spoilt[:-CHECKSUM_BYTES] + checksum(spoilt[:-CHECKSUM_BYTES])
    return mutation.__name__, spoilt
