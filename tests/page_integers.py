"""What decoders that are written from docs/format.md share: quality steps, hats and saturation, in int64."""

import numpy as np

from cotam.bitstream.records import FrameRecord
from cotam.codec import LevelMap
from cotam.entropy_coding.level_map import level_frequencies
from cotam.entropy_coding.reference import Decoder

Array = np.ndarray


def step_grid(coder: Decoder, frame: FrameRecord, rows: int, columns: int) -> Array:
    base, header = round(frame.quality * 8), frame.level_map
    if header is None:
        return np.full((rows, columns), base)
    levels = np.zeros((header.rows, header.columns), np.int64)
    for i, j in np.ndindex(*levels.shape):
        left, up = (int(levels[i, j - 1]) if j else None), (int(levels[i - 1, j]) if i else None)
        cumulative = [0, *np.cumsum(level_frequencies(header.levels, left, up)).tolist()]
        levels[i, j] = coder.pop(cumulative) - header.levels // 2
    row = [(2 * i + 1) * header.rows // (2 * rows) for i in range(rows)]
    column = [(2 * j + 1) * header.columns // (2 * columns) for j in range(columns)]
    return (base + levels[np.ix_(row, column)] * round(8 * header.strength)).clip(8, 800)


def hats(steps: Array, nodes: int) -> Array:
    position = (2 * (steps - 8) * (nodes - 1) * 256 + 792) // 1584
    return np.stack([np.maximum(0, 256 - np.abs(position - 256 * k)) for k in range(nodes)])


def saturate(a: Array) -> Array:
    return a.clip(-32767, 32767)


def random_map(rows: int, columns: int, count: int, strength: float) -> LevelMap:
    levels = np.random.default_rng(3).integers(-(count // 2), count // 2 + 1, (rows, columns))
    return LevelMap(levels.astype(np.int8), count, strength)
