from mmap import mmap

import pytest

from cotam.codec import Codec
from cotam.evaluation.memory_growth import memory_over_cycles

CYCLES, EVERY = 240, 60
MOST_GROWTH = 4_000_000
LEAK = 100_000
"""Bytes a cycle."""


def test_memory_stays_where_it_is_over_many_cycles(random_codec: Codec):
    found = list(memory_over_cycles(random_codec, CYCLES, EVERY))
    assert [reading.cycles for reading in found] == [60, 120, 180, 240]
    assert max(reading.resident_bytes for reading in found) - found[0].resident_bytes < MOST_GROWTH


def test_a_leak_shows(random_codec: Codec):
    kept = []

    class Leaking:
        encode = random_codec.encode

        def decode(self, data: bytes) -> object:
            block = mmap(
                -1, LEAK
            )  # pages of its own, where an array might get those that other tests have left
            block.write(b"1" * LEAK)
            kept.append(block)
            return random_codec.decode(data)

    found = list(memory_over_cycles(Leaking(), CYCLES // 2, EVERY))
    assert found[-1].resident_bytes - found[0].resident_bytes > MOST_GROWTH


def test_a_damaged_stream_that_is_decoded_is_an_error(random_codec: Codec):
    class Lenient:
        encode = random_codec.encode

        def decode(self, data: bytes) -> object:
            return None

    with pytest.raises(AssertionError, match="half a stream"):
        list(memory_over_cycles(Lenient(), 1, 1))
