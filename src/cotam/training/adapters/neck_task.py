"""``cotam train neck --setting d1`` as a task of the training loop: the codec stays as it is."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from cotam.training.adapters.batches import Batch
from cotam.training.adapters.config import NeckTrainingConfig
from cotam.training.adapters.surrogate_loss import SurrogateLoss
from cotam.training.adapters.task_parts import (
    PictureFeed,
    Surroundings,
    decaying_groups,
    device_of,
    new_neck,
    progress_of,
    view_of,
)
from cotam.training.adapters.text_targets import TextTargets
from cotam.training.adapters.token_maker import TokenMaker
from cotam.training.adapters.validation import PICTURES, similarities
from cotam.training.task import Outcome, Position, Span


class NeckTask:
    """Trains a transform-neck for a frozen codec and a frozen tower (Bridge's d1).

    Args:
        config: the recipe.
        around: codec, tower and pictures.
        targets: texts, if the tower has a text side.
        description: what the checkpoint keeps.
    """

    validation_seconds = 600.0
    leaves_out = False

    def __init__(
        self,
        config: NeckTrainingConfig,
        around: Surroundings,
        targets: TextTargets | None,
        description: dict[str, Any],
    ) -> None:
        torch.manual_seed(config.seed)
        self.config, self.around, self.description = config, around, description
        self.view = view_of(config, around)
        self.model: nn.Module = TokenMaker(
            new_neck(config, around, config.block), around.codec.network.gains, self.view.geometry
        )
        self.feed = PictureFeed(around, config, picture=False)
        self.judge = SurrogateLoss(self.view, config, targets)

    def batches(self, span: Span) -> Iterator[Batch]:
        """Coded pictures."""
        return self.feed.batches(span, device_of(self.model))

    def loss(self, network: nn.Module, batch: Batch, at: Position) -> Outcome:
        """The surrogate's loss of one batch."""
        device = device_of(network)
        self.view.to(device)
        batch = self.feed.placed(batch, device)
        return self.judge(network(batch.y_hat, batch.steps), batch, progress_of(at))

    def parameter_groups(self, decay: float) -> list[dict[str, Any]]:
        """See `decaying_groups`."""
        return decaying_groups(self.model, decay)

    def validate(self, average: nn.Module) -> Any:
        """Similarity through the neck, and of decoded pictures beside it."""
        device = device_of(average)
        self.view.to(device)

        def see(coded: Any, steps: Tensor) -> Tensor:
            tokens = average(coded.y_hat, steps)
            return self.view.entered(tokens, self.config.block, self.view.read_after).high

        pictures = self.around.source.held_out(PICTURES)
        return similarities(self.view, pictures, device, self.feed.coder, see)
