"""Guidance: where in a picture the bits should go.

A source of guidance makes an importance map of a picture; `levels_of` makes the level map of that, which the codec
stores and obeys. Sources: a vision tower's attention, a phrase, boxes, the user's own map, spectral residual
saliency, and two controls; `parse_guidance` makes them by name. Only towers need torch.
"""

from typing import Any

_HOME = {
    "DEFAULT_GUIDANCE": "naming",
    "TOWERS": "naming",
    "Guidance": "protocol",
    "LevelOptions": "level_map",
    "MapGuidance": "user_map",
    "PromptGuidance": "tower",
    "RandomGuidance": "controls",
    "RoiGuidance": "roi",
    "SaliencyGuidance": "saliency",
    "TowerGuidance": "tower",
    "UniformGuidance": "controls",
    "attention_importance": "importance",
    "automatic_grid": "level_map",
    "combine": "combining",
    "draw_importance": "drawing",
    "levels_of": "level_map",
    "parse_guidance": "parsing",
}

__all__ = [
    "DEFAULT_GUIDANCE",
    "TOWERS",
    "Guidance",
    "LevelOptions",
    "MapGuidance",
    "PromptGuidance",
    "RandomGuidance",
    "RoiGuidance",
    "SaliencyGuidance",
    "TowerGuidance",
    "UniformGuidance",
    "attention_importance",
    "automatic_grid",
    "combine",
    "draw_importance",
    "levels_of",
    "parse_guidance",
]


def __getattr__(name: str) -> Any:
    """Import on first use, so that what needs no tower loads no torch."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
