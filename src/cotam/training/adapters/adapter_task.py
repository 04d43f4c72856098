"""``cotam train adapter`` as a task of the training loop, with the ablations of the CoTAM paper's loss and prior."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from cotam.training.adapters.batches import Batch
from cotam.training.adapters.config import AdapterTrainingConfig
from cotam.training.adapters.fidelity_loss import FidelityLoss
from cotam.training.adapters.task_parts import (
    PictureFeed,
    Surroundings,
    decaying_groups,
    device_of,
    new_adapter,
    new_neck,
    progress_of,
    view_of,
)
from cotam.training.adapters.token_maker import TokenMaker
from cotam.training.adapters.validation import PICTURES, similarities
from cotam.training.task import Outcome, Position, Span


class AdapterTask:
    """Trains a latent adapter for a frozen codec and a frozen tower (CoTAM, section 3).

    Args:
        config: the recipe.
        around: codec, tower and pictures.
        description: what the checkpoint keeps.
    """

    validation_seconds = 600.0
    leaves_out = False

    def __init__(
        self, config: AdapterTrainingConfig, around: Surroundings, description: dict[str, Any]
    ) -> None:
        torch.manual_seed(config.seed)
        self.config, self.around, self.description = config, around, description
        self.view = view_of(config, around)
        prior = config.reconstruction_prior
        network = new_adapter(config, around) if prior else new_neck(config, around, block=0)
        self.model: nn.Module = TokenMaker(network, around.codec.network.gains, self.view.geometry)
        self.feed = PictureFeed(around, config, picture=prior)
        self.judge = FidelityLoss(self.view, config)

    def batches(self, span: Span) -> Iterator[Batch]:
        """Coded pictures."""
        return self.feed.batches(span, device_of(self.model))

    def loss(self, network: nn.Module, batch: Batch, at: Position) -> Outcome:
        """Multi-level fidelity of one batch."""
        device = device_of(network)
        self.view.to(device)
        batch = self.feed.placed(batch, device)
        return self.judge(batch.x_hat, network(batch.y_hat, batch.steps), batch, progress_of(at))

    def parameter_groups(self, decay: float) -> list[dict[str, Any]]:
        """See `decaying_groups`."""
        return decaying_groups(self.model, decay)

    def validate(self, average: nn.Module) -> Any:
        """Similarity with and without the adapter."""
        device = device_of(average)
        self.view.to(device)

        def see(coded: Any, steps: Tensor) -> Tensor:
            return self.judge.seen(coded.x_hat, average(coded.y_hat, steps), self.view.read_after).high

        pictures = self.around.source.held_out(PICTURES)
        return similarities(self.view, pictures, device, self.feed.coder, see)
