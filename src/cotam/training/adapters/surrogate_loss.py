"""What a neck learns from the tower: Bridge's surrogate, and fidelity of the tokens that are read or handed over."""

from torch import Tensor
from torch.nn.functional import mse_loss

from cotam.training.adapters.batches import Batch
from cotam.training.adapters.config import NeckTrainingConfig
from cotam.training.adapters.seeing import Seen, TowerView
from cotam.training.adapters.text_targets import TextTargets
from cotam.training.losses import PHASES, surrogate, surrogate_weights
from cotam.training.task import Outcome

DISTILLATION_ALONE = (0.0, PHASES[-1][1])
"""Weights of a tower without texts: the last phase from beginning to end."""


class SurrogateLoss:
    """Compares what the tower makes of a neck's tokens with what it makes of the original.

    Args:
        view: the tower.
        config: the recipe.
        targets: texts, or None: then pooled distillation is all that is left of the surrogate.
    """

    def __init__(self, view: TowerView, config: NeckTrainingConfig, targets: TextTargets | None) -> None:
        self.view, self.config, self.targets = view, config, targets
        self.blocks = view.tower.depth if config.surrogate else view.read_after

    def __call__(self, tokens: Tensor, batch: Batch, progress: float) -> Outcome:
        """The loss of one batch of neck's tokens (N, T, D) after a share of the run."""
        head_start = self.config.head_start
        if progress < head_start:
            return self._imitation(tokens, batch)
        progress = (progress - head_start) / (1 - head_start)
        original = self.view.original(batch.pixels, self.blocks)
        coded = self.view.entered(tokens, self.config.block, self.blocks)
        figures: dict[str, Tensor] = {}
        loss = tokens.new_zeros(())
        if self.config.surrogate:
            found = self._surrogate(coded, original, batch, progress)
            loss, figures = loss + self.config.surrogate * found.loss, dict(found.figures)
        fidelity = mse_loss(coded.high.float(), original.high.float())
        if self.config.fidelity:
            loss = loss + self.config.fidelity * fidelity
        return Outcome(loss, {**figures, "fidelity": fidelity})

    def _imitation(self, tokens: Tensor, batch: Batch) -> Outcome:
        """Distance to the tokens that the tower has where the neck enters."""
        expected = self.view.original(batch.pixels, self.config.block).last
        entry = mse_loss(tokens.float(), expected.float())
        return Outcome(entry, {"entry": entry})

    def _surrogate(self, coded: Seen, original: Seen, batch: Batch, progress: float) -> Outcome:
        texts = self.targets.of(batch) if self.targets is not None else None
        if self.targets is None or texts is None:
            pooled = self.view.tower.pooled
            distillation = mse_loss(pooled(coded.last).float(), pooled(original.last).float())
            # of one run all figures have the same names, also of a batch in which no picture has a text
            missing = {"cross_entropy": distillation.new_zeros(())} if self.targets is not None else {}
            return Outcome(DISTILLATION_ALONE[1] * distillation, {**missing, "distillation": distillation})
        embed = self.targets.image_embeddings
        found = surrogate(
            embed(coded.last).float(),
            embed(original.last).float(),
            *texts,
            surrogate_weights(progress),
            self.targets.temperature,
        )
        figures = {"cross_entropy": found.cross_entropy, "distillation": found.distillation}
        return Outcome(found.loss, figures)
