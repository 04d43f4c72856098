"""What an adapter learns from the tower: CoTAM's multi-level fidelity."""

from torch import Tensor

from cotam.adapters import sample_latents
from cotam.training.adapters.batches import Batch
from cotam.training.adapters.config import AdapterTrainingConfig
from cotam.training.adapters.seeing import Seen, TowerView
from cotam.training.losses import fidelity_weights, level_weights, multi_level_fidelity
from cotam.training.task import Outcome

LOW_BLOCKS = 1
"""Blocks that the low-level term needs; while it is alone, no more are run."""


class FidelityLoss:
    """Compares what the tower makes of coded pictures and an adapter's tokens with what it makes of the originals.

    Args:
        view: the tower.
        config: the recipe.
    """

    def __init__(self, view: TowerView, config: AdapterTrainingConfig) -> None:
        self.view, self.config = view, config

    def __call__(
        self,
        x_hat: Tensor | None,
        tokens: Tensor,
        batch: Batch,
        progress: float,
        picture_weights: Tensor | None = None,
    ) -> Outcome:
        """The loss of one batch after a share of the run; arguments as in `seen` and `multi_level_fidelity`."""
        weights = fidelity_weights(progress, self.config.low, self.config.high, self.config.head_start)
        blocks = self.view.read_after if weights[1] else LOW_BLOCKS
        original = self.view.original(batch.pixels, blocks)
        coded = self.seen(x_hat, tokens, blocks)
        found = multi_level_fidelity(
            list(zip(coded.low, original.low, strict=True)),
            (coded.high, original.high),
            weights,
            self._token_weights(batch),
            picture_weights,
        )
        figures = {"low": found.low, "high": found.high} if weights[1] else {"low": found.low}
        return Outcome(found.loss, figures)

    def seen(self, x_hat: Tensor | None, tokens: Tensor, blocks: int) -> Seen:
        """What the tower sees of decoded pictures (N, S, S, 3) and tokens, or without the prior of tokens alone."""
        if not self.config.reconstruction_prior:
            return self.view.entered(tokens, 0, blocks)
        assert x_hat is not None
        return self.view.adapted(x_hat, tokens, blocks)

    def _token_weights(self, batch: Batch) -> Tensor:
        levels = sample_latents(batch.levels[:, None].float(), self.view.geometry)[:, 0, :, 0]
        return level_weights(levels, self.view.tower.prefix_tokens)
