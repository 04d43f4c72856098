"""Guidance by name; torch runs the towers, and is loaded where one is named. Grammar: `cotam.guidance.naming`."""

from collections.abc import Mapping
from typing import Any

from cotam.guidance.combining import combine
from cotam.guidance.level_map import LevelOptions
from cotam.guidance.naming import TowerTerm, parse_sources
from cotam.guidance.protocol import Guidance


def parse_guidance(
    text: str, *, tower_options: Mapping[str, Any] | None = None
) -> tuple[Guidance, LevelOptions]:
    """Make the guidance that a text names.

    Args:
        text: as in `cotam.guidance.naming.parse_sources`, where returns and errors are described too.
        tower_options: keyword arguments for `cotam.vision.load_tower`, such as ``{"device": "cuda"}``.
    """
    return parse_sources(text, _Towers(tower_options or {}))


class _Towers:
    """Makes guidance of towers; one that is named twice is loaded once."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self._loaded: dict[str, Any] = {}

    def __call__(self, term: TowerTerm) -> Guidance:
        from cotam.guidance import PromptGuidance, TowerGuidance  # they load torch, the other sources do not
        from cotam.vision import load_tower

        if term.name not in self._loaded:
            self._loaded[term.name] = load_tower(term.name, **self._options)
        tower = self._loaded[term.name]
        looking = TowerGuidance(tower, term.layers, term.attention, term.hierarchical)
        if term.prompt is None:
            return looking
        return combine(looking, PromptGuidance(tower, term.prompt, term.hierarchical))
