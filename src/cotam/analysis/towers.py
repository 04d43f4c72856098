"""Towers by the names that `cotam analyze` takes."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from cotam.guidance.naming import TOWERS
from cotam.mllm.shipped import embedded_checkpoint

if TYPE_CHECKING:
    from cotam.vision import Tower

EMBEDDED: Final = "embedded"
"""Name of the tower of the multimodal LLM that ships with cotam."""


def find_tower(name: str, device: str | None = None) -> "Tower":
    """Load a tower by a short name, a hub id or a folder; ``embedded`` is that of the MLLM that ships with cotam.

    Raises:
        ModelError: there is no such tower, or none ships with this cotam.
        ValueError: there is no such device.
    """
    from cotam.vision import load_tower

    if name != EMBEDDED or Path(name).is_dir():
        return load_tower(TOWERS.get(name, name), device=device or "cpu")
    tower = load_tower(embedded_checkpoint(), device=device or "cpu")
    tower.name = EMBEDDED
    return tower
