"""``cotam train codec`` as a task of the training loop."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from cotam.models.cotam_s import CotamS
from cotam.models.cotam_s_config import CotamSConfig
from cotam.training.checkpoints import load_checkpoint
from cotam.training.config import CodecTrainingConfig, resumed_recipe
from cotam.training.crops import Batch, CropDataset, load_photographs
from cotam.training.rate_distortion import psnr_of, rate_distortion
from cotam.training.run import UNPLANNED, TrainingRun, refuse_second_run
from cotam.training.task import Outcome, Position, Span
from cotam.training.validation import validate

CHANGEABLE = ("steps", "minutes", "balance", "learning_rate")
"""Options that may change when a run is resumed."""


class CodecTask:
    """Trains cotam-s over all qualities at once.

    Args:
        data: folders of photographs.
        validation: a folder of pictures to validate on, or None.
        config: the recipe.
        model_config: sizes of the model.
        workers: loader processes.
    """

    validation_seconds = 1200.0
    leaves_out = False

    def __init__(
        self,
        data: Sequence[Path],
        validation: Path | None,
        config: CodecTrainingConfig,
        model_config: CotamSConfig,
        workers: int,
    ) -> None:
        torch.manual_seed(config.seed)
        self.validation, self.config, self.workers = validation, config, workers
        self.model: nn.Module = CotamS(model_config)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.description = {"model_config": dataclasses.asdict(model_config)}
        self.pictures = load_photographs(data, config.crop)

    def batches(self, span: Span) -> Iterator[Batch]:
        """Crops; the plan for late, larger ones is made once the length is known."""
        early = 1 - self.config.late_share
        late_from = UNPLANNED if span.total is None else span.first_of(round(span.total * early))
        yield from DataLoader(
            CropDataset(self.pictures, self.config, late_from),
            batch_size=None,
            sampler=span.indexes(),
            num_workers=self.workers,
            prefetch_factor=4 if self.workers else None,
        )

    def loss(self, network: nn.Module, batch: Batch, at: Position) -> Outcome:
        """Rate and distortion of one batch."""
        device = next(network.parameters()).device
        x = batch.pixels.to(device).permute(0, 3, 1, 2).float() / 255 - 0.5
        steps, base = batch.steps.to(device), batch.base.to(device)
        generator = torch.Generator(device).manual_seed((self.config.seed << 40) + at.index)
        out = network(x, steps, base, generator)
        with torch.autocast(device.type, enabled=False):
            result = rate_distortion(out, x, steps, base, self.config.balance)
        return Outcome(result.loss, {"bpp": result.bpp.mean(), "psnr": psnr_of(result.mse).mean()})

    def parameter_groups(self, decay: float) -> list[dict[str, Any]]:
        """Convolution weights decay, everything else does not."""
        weights: list[Tensor] = []
        rest: list[Tensor] = []
        for parameter in self.model.parameters():
            (weights if parameter.dim() == 4 else rest).append(parameter)
        return [{"params": weights, "weight_decay": decay}, {"params": rest, "weight_decay": 0.0}]

    def validate(self, average: nn.Module) -> Any:
        """Estimated rate and PSNR at fixed qualities."""
        if self.validation is None:
            return None
        device = next(average.parameters()).device
        return validate(cast(CotamS, average), self.validation, device)


def codec_run(
    folder: Path,
    data: Sequence[Path],
    validation: Path | None,
    config: CodecTrainingConfig,
    model_config: CotamSConfig,
    *,
    resume: bool = False,
    changes: Mapping[str, Any] = MappingProxyType({}),
    workers: int = 1,
) -> TrainingRun:
    """Make a run of the codec's training.

    Args:
        folder: where checkpoints, the log and TensorBoard events go.
        data: folders of photographs.
        validation: a folder of pictures to validate on, or None.
        config: the recipe of a new run.
        model_config: sizes of a new run's model.
        resume: go on from the folder's checkpoint, with its own recipe and sizes.
        changes: with ``resume``, options of `CHANGEABLE` that are other from here on; the log says so.
        workers: loader processes.

    Raises:
        TrainingError: the folder holds a run already, or none to resume, or there are no photographs.
        ValueError: a change of what a run keeps to its end.
    """
    state = load_checkpoint(folder) if resume else None
    if state is None:
        refuse_second_run(folder)
    else:
        config = resumed_recipe(CodecTrainingConfig.from_dict(state["config"]), changes, CHANGEABLE)
        model_config = CotamSConfig(**state["model_config"])
    task = CodecTask(data, validation, config, model_config, workers)
    return TrainingRun(folder, task, config, state, changes)
