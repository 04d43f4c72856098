"""Coding of the motion vectors of a predicted frame: how many, then each in quarter pixels.

The vector (0, 0) is always there and not coded. Which cell follows which vector is coded as its mode is
(``cell_modes``). All entries are equally likely; a frame without motion begins with the first entry.
"""

from functools import cache
from typing import Final

import numpy as np

from cotam.entropy_coding.ans import FrameReader, FrameWriter
from cotam.entropy_coding.categorical import TOTAL, Model, categorical

MAX_VECTORS: Final = 7
"""Vectors of a frame besides (0, 0)."""
MAX_MOTION: Final = 512
"""Motion of an axis lies in -512 .. 511 quarter pixels."""

Vector = tuple[int, int]
"""Quarter pixels that the content moves down and to the right since the frame before."""


def write_vectors(writer: FrameWriter, vectors: list[Vector]) -> None:
    """Add a frame's vectors besides (0, 0).

    Raises:
        ValueError: too many, or one out of range.
    """
    if len(vectors) > MAX_VECTORS:
        raise ValueError(f"a frame has at most {MAX_VECTORS} motion vectors, got {len(vectors)}")
    writer.add_entry(len(vectors), _equal(MAX_VECTORS + 1))
    for part in (part for vector in vectors for part in vector):
        if not -MAX_MOTION <= part < MAX_MOTION:
            raise ValueError(f"motion must lie in -{MAX_MOTION}..{MAX_MOTION - 1}, got {part}")
        writer.add_entry(part + MAX_MOTION, _equal(2 * MAX_MOTION))


def read_vectors(reader: FrameReader) -> list[Vector]:
    """Decode a frame's vectors besides (0, 0)."""
    count = reader.read_entry(_equal(MAX_VECTORS + 1))
    motion = _equal(2 * MAX_MOTION)
    return [
        (reader.read_entry(motion) - MAX_MOTION, reader.read_entry(motion) - MAX_MOTION) for _ in range(count)
    ]


@cache
def _equal(entries: int) -> Model:
    return categorical(np.full(entries, TOTAL // entries))
