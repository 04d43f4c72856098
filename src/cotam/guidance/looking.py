"""Guidance by where a tower looks, whatever runs the tower. No torch here."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cotam.guidance.attention import (
    DEFAULT_LAYERS,
    Attention,
    Looking,
    batch_size,
    check_layers,
    resolve_attention,
)
from cotam.guidance.hierarchical import Hierarchical, MapsOf, Pixels, hierarchical_importance, uses_tiles


class AttentionGuidance(ABC):
    """Importance from the attention of a tower's first blocks (CoTAM, section 3)."""

    def __init__(
        self,
        tower: Looking,
        layers: Sequence[int] = DEFAULT_LAYERS,
        attention: Attention = "auto",
        hierarchical: Hierarchical = "auto",
    ) -> None:
        """Choose what is read off the tower.

        Args:
            tower: the vision tower.
            layers: blocks whose attention counts, numbered from 0; no block beyond the last of them is run.
            attention: "class" ([CLS] to patch), "received" (patch to patch), or "auto": "class" where there is [CLS].
            hierarchical: whether large pictures are looked at in tiles too, as in `hierarchical.uses_tiles`.

        Raises:
            ValueError: for a layer that the tower does not have, or attention that it cannot give.
        """
        uses_tiles(1, 1, tower.input_size, hierarchical)
        self.tower = tower
        self.layers = check_layers(tower, layers)
        self.attention = resolve_attention(tower, attention)
        self.hierarchical = hierarchical

    @property
    def name(self) -> str:
        """The tower, its layers and the kind of attention."""
        return f"{self.tower.name}:layers={'/'.join(map(str, self.layers))},attention={self.attention}"

    def importance(self, pixels: Pixels) -> NDArray[np.float32]:
        """See `Guidance.importance`; the grid is the tower's patches, or finer for a picture looked at in tiles."""
        return tower_importance(self.tower, pixels, self.maps, len(self.layers), self.hierarchical)

    @abstractmethod
    def maps(self, pictures: Sequence[Pixels]) -> NDArray[np.float32]:
        """Mean attention weight of each patch of pictures, float32 (N, rows, columns), in 0..1."""


def tower_importance(
    tower: Looking, pixels: Pixels, maps_of: MapsOf, layers: int, hierarchical: Hierarchical
) -> NDArray[np.float32]:
    """Make the importance map of a picture, in tiles where it is large.

    Args:
        tower: that looks.
        pixels: the picture.
        maps_of: makes importance maps of pictures.
        layers: blocks whose attention is held at once.
        hierarchical: as in `hierarchical.uses_tiles`.
    """
    if not uses_tiles(pixels.shape[0], pixels.shape[1], tower.input_size, hierarchical):
        return maps_of([pixels])[0]
    return hierarchical_importance(pixels, tower.input_size, maps_of, batch_size(tower, layers))
