"""From a batch of pairs to what the networks learn from: latents, their prediction, modes. No gradient passes here."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from cotam.codec.latents import LatentCoder
from cotam.codec.mode_choice import effort, prefers_reference
from cotam.codec.prediction import Predictor, Reference
from cotam.entropy_models.structure import BITS_PER_SQUARED_STEP
from cotam.entropy_models.temporal import INTER, INTRA, SKIP
from cotam.models.cotam_s import CotamS
from cotam.models.temporal import TemporalNetworks
from cotam.ops.integers import ONE
from cotam.ops.quality import quality_hats
from cotam.ops.quantisation import round_straight_through
from cotam.training.temporal.pairs import PairBatch


@dataclass(frozen=True)
class Example:
    """What is coded: the arguments of `TemporalNetworks.forward`, and what its figures need."""

    rest: Tensor
    z: Tensor
    predicted: Tensor
    modes: Tensor
    hats: Tensor
    base_hats: Tensor


class ExampleMaker:
    """Codes the frames before as the codec does, and predicts the frames from them.

    Args:
        base: the base model, in integer form.
        coder: codes its key frames.
        predictor: of the base model's latents.
    """

    def __init__(self, base: CotamS, coder: LatentCoder, predictor: Predictor) -> None:
        self.base, self.coder, self.predictor = base, coder, predictor

    @torch.no_grad()
    def __call__(self, batch: PairBatch, networks: TemporalNetworks) -> Example:
        """Make the example; the networks that are trained say which cells are worth coding."""
        count = len(batch.now)
        x = torch.cat([batch.before, batch.now]).permute(0, 3, 1, 2).float() / 255 - 0.5
        y = self.base.analysis(x.contiguous(memory_format=torch.channels_last)).float()
        hats = quality_hats(batch.steps, self.base.config.nodes)
        values = self.coder.encode(y[:count], batch.steps, batch.base, _Nowhere())
        gained = y[count:] * self.base.gains(hats)[0]
        predicted = torch.cat(
            [
                self._predicted(
                    Reference(values[n], batch.steps[n]), gained[n : n + 1], hats[n : n + 1], batch.motion[n]
                )
                for n in range(count)
            ]
        )
        modes = torch.where(prefers_reference(gained, predicted), INTER, INTRA)
        base_hats = quality_hats(batch.base.view(-1, 1, 1), self.base.config.nodes)
        example = self._example(gained, predicted, modes, hats, base_hats)
        skipped = self._skips(example, gained, networks)
        return self._example(gained, predicted, torch.where(skipped, SKIP, modes), hats, base_hats)

    def _predicted(self, reference: Reference, gained: Tensor, hats: Tensor, motion: Tensor) -> Tensor:
        """The better of no motion and the known one, cell by cell, as float activations."""
        still = self.predictor.still(reference, hats).float() / ONE
        vector = (int(motion[0]), int(motion[1]))
        if vector == (0, 0):
            return still
        moving = self.predictor.moving(self.predictor.pixels(reference), vector, hats).float() / ONE
        better = effort(gained - moving) < effort(gained - still)
        return torch.where(better[:, None], moving, still)

    def _example(
        self, gained: Tensor, predicted: Tensor, modes: Tensor, hats: Tensor, base_hats: Tensor
    ) -> Example:
        rest = (gained - predicted * (modes != INTRA)[:, None]) * (modes != SKIP)[:, None]
        return Example(rest, self.base.hyper_analysis(rest, hats), predicted, modes, hats, base_hats)

    @staticmethod
    def _skips(example: Example, gained: Tensor, networks: TemporalNetworks) -> Tensor:
        """Where the prediction alone is cheaper than what the networks would make of the cell."""
        values, bits, _ = networks(**vars(example), disturb=round_straight_through)
        left = (example.rest - values).square().sum(1)
        return ((gained - example.predicted).square().sum(1) - left) * BITS_PER_SQUARED_STEP <= bits.sum(1)


class _Nowhere:
    """A sink for the symbols of frames that nobody decodes."""

    def add(self, symbols: np.ndarray, indexes: np.ndarray) -> None:
        """Forget a part."""
