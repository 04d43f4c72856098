"""What the tasks of adapter and neck have in common."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from cotam.adapters import LatentAdapter, LatentAdapterConfig, TransformNeck, TransformNeckConfig
from cotam.checkpoint import LoadedModel
from cotam.codec.guiding import Guide
from cotam.training.adapters.batches import (
    Batch,
    GuidedSteps,
    PictureBatches,
    RandomSteps,
    StepMaker,
    load_batches,
)
from cotam.training.adapters.coding import FrozenCoder
from cotam.training.adapters.config import TOKEN_STRIDE, TokensTrainingConfig
from cotam.training.adapters.examples import PictureSource
from cotam.training.adapters.seeing import TowerView
from cotam.training.adapters.towers import TrainingTower
from cotam.training.task import Position, Span


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Everything frozen that an adapter or neck is trained in."""

    codec: LoadedModel
    tower: TrainingTower
    source: PictureSource
    workers: int = 1


class PictureFeed:
    """Hands batches to a task: coded by the loader on a CPU, by the training process on an accelerator.

    Args:
        around: see `Surroundings`.
        config: the recipe.
        picture: whether decoded pictures are wanted.
        coded: whether anything is to be coded at all.
    """

    def __init__(
        self, around: Surroundings, config: TokensTrainingConfig, *, picture: bool, coded: bool = True
    ) -> None:
        self.around, self.config, self.picture, self.wants_coding = around, config, picture, coded
        self.coder = FrozenCoder(around.codec, config.bf16)
        guided = GuidedSteps(config, Guide.parse(config.guidance)) if config.guidance else None
        self.steps: StepMaker = guided or RandomSteps(config)

    def batches(self, span: Span, device: torch.device) -> Iterator[Batch]:
        """Batches for the steps of a span; `device` is where the task computes."""
        coder = self.coder if self.wants_coding and device.type == "cpu" else None
        data = PictureBatches(self.around.source, self.steps, self.config, coder, self.picture)
        return load_batches(data, span.indexes(), self.around.workers)

    def placed(self, batch: Batch, device: torch.device) -> Batch:
        """The batch on the task's device, coded if it is to be."""
        batch = batch.to(device)
        return batch.coded(self.coder, self.picture) if self.wants_coding else batch


def picture_size(config: TokensTrainingConfig, tower: TrainingTower) -> int:
    """Side of the training pictures in pixels."""
    return config.size or TOKEN_STRIDE * max(tower.identity.grid)


def new_adapter(config: TokensTrainingConfig, around: Surroundings) -> LatentAdapter:
    """An adapter that fits codec and tower, and changes nothing yet."""
    return LatentAdapter(LatentAdapterConfig(**_sizes(config, around)))


def new_neck(config: TokensTrainingConfig, around: Surroundings, block: int) -> TransformNeck:
    """A neck that fits codec and tower and enters at a block.

    Raises:
        ValueError: the tower has no such block.
    """
    identity = around.tower.identity
    if block >= around.tower.read_after:
        raise ValueError(f"block must be below {around.tower.read_after} for {identity.name}, not {block}")
    return TransformNeck(TransformNeckConfig(**_sizes(config, around), block=block, prefix=identity.prefix))


def view_of(config: TokensTrainingConfig, around: Surroundings) -> TowerView:
    """The tower before pictures of the recipe's size."""
    return TowerView(around.tower, picture_size(config, around.tower), config.checkpointing)


def progress_of(at: Position) -> float:
    """Share of the run that is done, 0..1; 0 while its length is not known."""
    return at.step / at.total if at.total else 0.0


def decaying_groups(model: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Weights of layers decay; positions, leading tokens, biases and norms do not."""
    weights: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        learned_tokens = name.endswith(("positions", "leading"))
        (rest if parameter.dim() < 2 or learned_tokens else weights).append(parameter)
    return [{"params": weights, "weight_decay": decay}, {"params": rest, "weight_decay": 0.0}]


def device_of(model: nn.Module) -> torch.device:
    """Where a module's parameters lie."""
    return next(model.parameters()).device


def _sizes(config: TokensTrainingConfig, around: Surroundings) -> dict[str, Any]:
    tower = around.tower
    return {
        "latents": around.codec.network.config.latents,
        "width": tower.identity.width,
        "grid": tower.identity.grid,
        "heads": tower.tower.heads,
        "conditioning": config.conditioning,
    }
