"""Modes of cells and motion vectors: exact round trips, and nothing where nothing moves."""

import numpy as np
import pytest

from cotam.entropy_coding import FrameReader, FrameWriter
from cotam.entropy_coding.cell_modes import read_cell_modes, write_cell_modes
from cotam.entropy_coding.motion import MAX_MOTION, MAX_VECTORS, read_vectors, write_vectors


@pytest.mark.parametrize("count", [2, 3, 8])
def test_modes_come_back(count: int) -> None:
    grid = np.random.default_rng(0).integers(0, count, (9, 14))
    writer = FrameWriter()
    write_cell_modes(writer, grid, count)
    reader = FrameReader(writer.to_bytes())
    assert np.array_equal(read_cell_modes(reader, 9, 14, count), grid)
    reader.finish()


def test_a_frame_that_stands_still_is_an_empty_payload() -> None:
    writer = FrameWriter()
    write_vectors(writer, [])
    write_cell_modes(writer, np.zeros((40, 60), int), 3)
    assert writer.to_bytes() == b""
    reader = FrameReader(b"")
    assert read_vectors(reader) == []
    assert not read_cell_modes(reader, 40, 60, 3).any()
    reader.finish()


def test_modes_learn_what_a_frame_is_like() -> None:
    grid = np.ones((40, 60), int)
    writer = FrameWriter()
    write_cell_modes(writer, grid, 3)
    assert len(writer.to_bytes()) < grid.size / 80


def test_vectors_come_back() -> None:
    vectors = [(0, -MAX_MOTION), (MAX_MOTION - 1, 3), (-17, 8)]
    writer = FrameWriter()
    write_vectors(writer, vectors)
    reader = FrameReader(writer.to_bytes())
    assert read_vectors(reader) == vectors
    reader.finish()


def test_modes_and_vectors_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="from 0 to 2"):
        write_cell_modes(FrameWriter(), np.full((2, 2), 3), 3)
    with pytest.raises(ValueError, match="at most 7"):
        write_vectors(FrameWriter(), [(1, 1)] * (MAX_VECTORS + 1))
    with pytest.raises(ValueError, match="got 512"):
        write_vectors(FrameWriter(), [(0, MAX_MOTION)])
