"""Does a process that encodes and decodes for ever grow? Resident memory over cycles with one codec."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cotam.codec import Codec, LevelMap
from cotam.errors import BitstreamError
from cotam.evaluation.memory import resident_memory
from cotam.evaluation.synthetic import synthetic_picture

SIZES = ((16, 16), (40, 24), (64, 64), (33, 80), (7, 100))
"""Widths and heights, taken in turn: a cache by size would fill with the first few, a leak goes on."""
QUALITIES = (5, 40, 75, 100)


@dataclass(frozen=True)
class Reading:
    """Memory after so many cycles."""

    cycles: int
    resident_bytes: int


def memory_over_cycles(codec: Codec, cycles: int, every: int) -> Iterator[Reading]:
    """Encode and decode again and again, and read the process's memory now and then.

    A cycle encodes a picture, decodes it, and has a damaged copy refused. Sizes, qualities and level maps change from
    cycle to cycle.

    Args:
        codec: the codec.
        cycles: how many.
        every: cycles from one reading to the next.
    """
    rng = np.random.default_rng(0)
    pictures = [synthetic_picture(*size) for size in SIZES]
    for number in range(1, cycles + 1):
        levels = LevelMap(rng.integers(-1, 2, (3, 4))) if number % 3 == 0 else None
        data = codec.encode(
            pictures[number % len(pictures)], QUALITIES[number % len(QUALITIES)], level_map=levels
        )
        codec.decode(data)
        _be_refused(codec, data[: int(rng.integers(len(data)))])
        if number % every == 0:
            yield Reading(number, resident_memory())


def _be_refused(codec: Codec, damaged: bytes) -> None:
    try:
        codec.decode(damaged)
    except BitstreamError:
        return
    raise AssertionError("half a stream was decoded")
