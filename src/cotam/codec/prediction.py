"""What the latents of a frame are predicted to be, from those of the frame before and the motion between them."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cotam.entropy_coding.motion import Vector
from cotam.models.cotam_s import CotamS
from cotam.models.preview import TO_PLAIN, Preview
from cotam.models.temporal import TemporalNetworks
from cotam.ops.quality import quality_hats


@dataclass(frozen=True)
class Reference:
    """A decoded frame, as the next one sees it."""

    values: Tensor
    """Latents in units of 2^-8, integer-valued float64 (M, h, w)."""
    steps: Tensor
    """Quality step of each cell, int64 (h, w)."""


class Predictor:
    """Moves the latents of the frame before to this frame's gains and places, in exact integers.

    Args:
        network: the base model.
        temporal: holds its gains as integers.
    """

    def __init__(self, network: CotamS, temporal: TemporalNetworks) -> None:
        self.nodes, self.scale = network.config.nodes, temporal.scale
        self.preview = Preview(network)

    def still(self, reference: Reference, hats: Tensor) -> Tensor:
        """The frame before without motion: units of 2^-8 at the gains of ``hats``, (1, M, h, w)."""
        return self.scale.moved(reference.values[None], self._hats(reference), hats)

    def unchanged(self, reference: Reference, steps: Tensor) -> Tensor:
        """All of the frame before at this frame's quality steps (h, w): (M, h, w)."""
        return self.still(reference, quality_hats(steps[None], self.nodes))[0]

    def pixels(self, reference: Reference) -> Tensor:
        """Preview of the frame before."""
        plain = self.scale.plain(reference.values[None], self._hats(reference), TO_PLAIN)
        return self.preview.pixels(plain)

    def moving(self, pixels: Tensor, vector: Vector, hats: Tensor) -> Tensor:
        """A preview moved, as latents like those of `still`."""
        return self.scale.gained(self.preview.latents(pixels, vector), hats, TO_PLAIN)

    def predict(
        self, reference: Reference, hats: Tensor, vectors: Sequence[Vector], choice: Tensor
    ) -> Tensor:
        """Every cell from the place that its vector says.

        Args:
            reference: the frame before.
            hats: quality hats of this frame, int64 (1, K, h, w).
            vectors: besides (0, 0).
            choice: for each cell 0 for (0, 0), or the number of its vector from 1, int64 (1, h, w).

        Returns:
            Integer-valued float64 (1, M, h, w) in units of 2^-8.
        """
        predicted = self.still(reference, hats)
        if not vectors:
            return predicted
        pixels = self.pixels(reference)
        for number, vector in enumerate(vectors, start=1):
            chosen = (choice == number)[:, None]
            if chosen.any():
                predicted = torch.where(chosen, self.moving(pixels, vector, hats), predicted)
        return predicted

    def _hats(self, reference: Reference) -> Tensor:
        return quality_hats(reference.steps[None], self.nodes)
