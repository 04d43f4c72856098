"""The level map: which cells of the picture are coded finer or coarser. No torch here."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cotam.bitstream import FrameRecord, LevelMapHeader
from cotam.entropy_coding import FrameReader, FrameWriter, read_level_map, write_level_map

DEFAULT_STRENGTH = 10.0


@dataclass(frozen=True, eq=False)
class LevelMap:
    """A grid of integer levels laid over the picture; each level shifts quality by ``strength``."""

    levels: np.ndarray
    """Integers (rows, columns) in -(count-1)/2 .. (count-1)/2; 0 keeps the picture's quality."""
    count: int = 3
    """Number of levels: 3, 5, 7 or 9."""
    strength: float = DEFAULT_STRENGTH
    """Quality per level, 0.5 to 50 in steps of 0.5."""

    def __post_init__(self) -> None:
        """Check the map; it must be one that a stream can hold."""
        levels = np.asarray(self.levels)
        if levels.ndim != 2 or not np.issubdtype(levels.dtype, np.integer):
            raise ValueError(
                f"levels must be an integer array (rows, columns), not {levels.dtype} {levels.shape}"
            )
        self._header(levels)
        if np.abs(levels.astype(np.int64)).max() > self.count // 2:
            raise ValueError(
                f"levels must be from {-(self.count // 2)} to {self.count // 2} where count is {self.count}"
            )
        object.__setattr__(self, "levels", levels.astype(np.int8))

    def __eq__(self, other: Any) -> bool:
        """Two maps are equal when grid, levels and effect are."""
        if not isinstance(other, LevelMap):
            return NotImplemented
        same = (self.count, self.strength) == (other.count, other.strength)
        return same and np.array_equal(self.levels, other.levels)

    __hash__ = None  # type: ignore[assignment]

    @property
    def is_uniform(self) -> bool:
        """Whether every cell has level 0: such a map costs one byte."""
        return not self.levels.any()

    def header(self) -> LevelMapHeader | None:
        """What the container stores of it; None where the map is uniform."""
        return None if self.is_uniform else self._header(self.levels)

    def _header(self, levels: np.ndarray) -> LevelMapHeader:
        return LevelMapHeader(self.count, float(self.strength), *levels.shape)

    def cells(self, rows: int, columns: int) -> np.ndarray:
        """Level of each cell of another grid, int8 (rows, columns): the one under the cell's centre."""
        have_rows, have_columns = self.levels.shape
        row = (2 * np.arange(rows) + 1) * have_rows // (2 * rows)
        column = (2 * np.arange(columns) + 1) * have_columns // (2 * columns)
        return self.levels[row[:, None], column[None, :]]


def write_levels(writer: FrameWriter, level_map: LevelMap | None) -> None:
    """Code the map's symbols, the first thing in a frame's payload."""
    if level_map is not None and not level_map.is_uniform:
        write_level_map(writer, level_map.levels, level_map.count)


def read_levels(reader: FrameReader, frame: FrameRecord) -> LevelMap | None:
    """Decode the map's symbols; None where the map is uniform."""
    header = frame.level_map
    if header is None:
        return None
    levels = read_level_map(reader, header.rows, header.columns, header.levels)
    return LevelMap(levels, header.levels, header.strength)
