"""Guidance on an edge runtime: all sources but phrases, and towers of the CLIP family."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cotam.codec.guiding import KEPT_GUIDES, Guide
from cotam.codec.level_map import LevelMap
from cotam.edge.runtimes import NeedsTorchError, Precision, Runtime, compiler
from cotam.edge.tower import EdgeTower, EdgeTowerGuidance
from cotam.guidance.naming import DEFAULT_GUIDANCE, TowerTerm, parse_sources
from cotam.guidance.protocol import Guidance


class EdgeGuides:
    """Makes guides of texts, and keeps them with their towers.

    Args:
        runtime: what runs the towers.
        threads: CPU threads; None is one for each core.
        precision: of their arithmetic.
    """

    def __init__(self, runtime: Runtime, threads: int | None, precision: Precision = "float32") -> None:
        self._compile = compiler(runtime, precision, threads)
        self._towers: dict[str, EdgeTower] = {}
        self._kept = lru_cache(maxsize=KEPT_GUIDES)(self._parsed)

    def parse(self, text: str) -> Guide:
        """Make the guide that a text names; grammar and errors as in `Guide.parse`.

        Raises:
            NeedsTorchError: it asks for a phrase, or for a tower of another family than CLIP.
        """
        if not isinstance(text, str):
            raise TypeError(f"guidance must be a Guide or a text that names one, not {type(text).__name__}")
        return self._parsed(text) if "map:" in text else self._kept(text)

    def level_map(
        self, pixels: NDArray[np.uint8], guidance: Guide | str | None, level_map: LevelMap | None
    ) -> LevelMap | None:
        """The level map of a picture: the given one, or what guidance makes.

        Raises:
            ValueError: both are given.
        """
        if level_map is not None and guidance is not None:
            raise ValueError("level_map and guidance exclude each other: give one")
        if level_map is not None:
            return level_map
        wanted = DEFAULT_GUIDANCE if guidance is None else guidance
        guide = wanted if isinstance(wanted, Guide) else self.parse(wanted)
        return guide.level_map(pixels)

    def _parsed(self, text: str) -> Guide:
        return Guide(*parse_sources(text, self._look))

    def _look(self, term: TowerTerm) -> Guidance:
        if term.prompt is not None:
            raise NeedsTorchError("guidance by a prompt needs torch (--runtime torch)")
        if term.name not in self._towers:
            self._towers[term.name] = EdgeTower(term.name, self._compile)
        return EdgeTowerGuidance(self._towers[term.name], term.layers, term.attention, term.hierarchical)
