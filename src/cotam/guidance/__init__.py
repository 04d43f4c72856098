"""Guidance: where in a picture the bits should go.

A source of guidance makes an importance map of a picture; `levels_of` makes the level map of that, which the codec
stores and obeys. Sources: a vision tower's attention, a phrase, boxes, the user's own map, spectral residual
saliency, and two controls; `parse_guidance` makes them by name.
"""

from cotam.guidance.combining import combine
from cotam.guidance.controls import RandomGuidance, UniformGuidance
from cotam.guidance.drawing import draw_importance
from cotam.guidance.importance import attention_importance
from cotam.guidance.level_map import LevelOptions, automatic_grid, levels_of
from cotam.guidance.naming import DEFAULT_GUIDANCE, TOWERS, parse_guidance
from cotam.guidance.protocol import Guidance
from cotam.guidance.roi import RoiGuidance
from cotam.guidance.saliency import SaliencyGuidance
from cotam.guidance.tower import PromptGuidance, TowerGuidance
from cotam.guidance.user_map import MapGuidance

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
