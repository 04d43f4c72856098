"""Guidance joined to the codec: a source of importance, and the level map that is made of it for a picture."""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cotam.bitstream.frame import level_map_bytes
from cotam.codec.level_map import LevelMap
from cotam.entropy_coding.level_map import level_frequencies
from cotam.guidance.controls import UniformGuidance
from cotam.guidance.level_map import LevelOptions
from cotam.guidance.naming import DEFAULT_GUIDANCE
from cotam.guidance.parsing import parse_guidance
from cotam.guidance.protocol import Guidance

KEPT_GUIDES = 8
"""Parsed texts that are kept, with their towers."""


class Guide:
    """Says for each picture where its bits go: a source of importance, and how levels are made of it."""

    def __init__(self, source: Guidance, options: LevelOptions | None = None) -> None:
        """Take the two.

        Args:
            source: says what is important.
            options: grid, threshold, number and strength of levels; by default the paper's.
        """
        self.source = source
        self.options = options or LevelOptions()

    @property
    def name(self) -> str:
        """How reports name it."""
        return self.source.name

    @property
    def is_uniform(self) -> bool:
        """Whether nothing in any picture is preferred, so that there is nothing to compute."""
        return isinstance(self.source, UniformGuidance)

    def level_map(self, pixels: NDArray[np.uint8]) -> LevelMap:
        """Make the level map of a picture.

        Args:
            pixels: RGB, uint8 (height, width, 3).

        Raises:
            ValueError: the source cannot be laid over this picture, such as a box beyond its edge.
        """
        if self.is_uniform:
            return self.with_levels(np.zeros((1, 1), np.int8))
        return self.with_levels(self.options.levels(self.source.importance(pixels), *pixels.shape[:2]))

    def with_levels(self, levels: NDArray[np.int8]) -> LevelMap:
        """Join levels (rows, columns) with this guide's number and strength of levels."""
        return LevelMap(levels, self.options.count, self.options.strength)

    @staticmethod
    def parse(text: str = DEFAULT_GUIDANCE, *, tower_options: Mapping[str, Any] | None = None) -> "Guide":
        """Make the guide that a text names, such as ``"clip:layers=0-2,grid=8"``; grammar: `cotam.guidance.naming`.

        Towers are loaded once: the same text gives the same guide. A text with a map's file is read anew each time.

        Args:
            text: names sources and options.
            tower_options: keyword arguments for `cotam.vision.load_tower`, such as ``{"device": "cuda"}``.

        Raises:
            ValueError: a source, option or value is not known.
            ModelError: a tower cannot be loaded.
            ImageError: a map's file cannot be used.
        """
        if not isinstance(text, str):
            raise TypeError(f"guidance must be a Guide or a text that names one, not {type(text).__name__}")
        options = tuple(sorted((tower_options or {}).items()))
        return _parsed(text, options) if "map:" in text else _kept(text, options)


def side_information_bytes(level_map: LevelMap) -> int:
    """Bytes that a level map takes in a stream: its descriptor, and what its symbols add to the payload.

    The symbols share the coder's state with the latents, so they cost their information content, here rounded up.
    """
    header = level_map.header()
    return len(level_map_bytes(header)) + (0 if header is None else math.ceil(_symbol_bits(level_map) / 8))


def _symbol_bits(level_map: LevelMap) -> float:
    """Information content of the map's symbols by the fixed frequencies of the format."""
    levels, bits = level_map.levels, 0.0
    for (row, column), level in np.ndenumerate(levels):
        left = int(levels[row, column - 1]) if column else None
        above = int(levels[row - 1, column]) if row else None
        frequencies = level_frequencies(level_map.count, left, above)
        bits -= math.log2(frequencies[int(level) + level_map.count // 2] / sum(frequencies))
    return bits


def _parsed(text: str, options: tuple[tuple[str, Any], ...]) -> Guide:
    return Guide(*parse_guidance(text, tower_options=dict(options)))


_kept = lru_cache(maxsize=KEPT_GUIDES)(_parsed)
