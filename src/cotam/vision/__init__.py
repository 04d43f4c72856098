"""Vision towers of transformers models, taken apart: tokens and attention of their first blocks, without the rest."""

from cotam.vision.loading import load_tower
from cotam.vision.tower import Tower
from cotam.vision.tower_run import TowerRun

__all__ = ["Tower", "TowerRun", "load_tower"]
