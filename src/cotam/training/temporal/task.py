"""``cotam train temporal`` as a task of the training loop."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from cotam.checkpoint.loading import load_model
from cotam.codec.latents import LatentCoder
from cotam.codec.prediction import Predictor
from cotam.models.temporal import TemporalNetworks
from cotam.ops.quantisation import add_uniform_noise, round_straight_through
from cotam.training.checkpoints import load_checkpoint
from cotam.training.config import resumed_recipe
from cotam.training.crops import load_photographs
from cotam.training.float_form import float_form
from cotam.training.rate_distortion import quality_weight
from cotam.training.run import TrainingRun, refuse_second_run
from cotam.training.task import Outcome, Position, Span
from cotam.training.temporal.config import TemporalTrainingConfig
from cotam.training.temporal.examples import ExampleMaker
from cotam.training.temporal.pairs import PairBatch, PairDataset

CHANGEABLE = ("steps", "minutes", "learning_rate")
"""Options that may change when a run is resumed."""
VALIDATION_BATCHES = 12
VALIDATION_SEED = 1 << 20


class TemporalTask:
    """Trains the networks of predicted frames; the base model stays as it is.

    Args:
        base_name: name or file of the base model.
        data: folders of photographs.
        validation: folders of photographs to validate on, or none.
        config: the recipe.
        workers: loader processes.
    """

    validation_seconds = 400.0
    leaves_out = False

    def __init__(
        self,
        base_name: str,
        data: Sequence[Path],
        validation: Sequence[Path],
        config: TemporalTrainingConfig,
        workers: int,
    ) -> None:
        torch.manual_seed(config.seed)
        self.config, self.workers = config, workers
        base = load_model(base_name)
        networks = TemporalNetworks.beginning_with(float_form(base.network))
        self.model: nn.Module = networks
        self.description = {"base": base_name, "base_id": base.card.model_id}
        self.maker = ExampleMaker(
            base.network, LatentCoder(base.network, base.tables), Predictor(base.network, networks)
        )
        self.pictures = load_photographs(data, config.crop)
        self.validation = load_photographs(validation, config.crop) if validation else None

    def batches(self, span: Span) -> Iterator[PairBatch]:
        """Pairs by index."""
        yield from DataLoader(
            PairDataset(self.pictures, self.config),
            batch_size=None,
            sampler=span.indexes(),
            num_workers=self.workers,
            prefetch_factor=4 if self.workers else None,
        )

    def loss(self, network: nn.Module, batch: PairBatch, at: Position) -> Outcome:
        """Rate of one batch; what is decoded hardly depends on the networks."""
        generator = torch.Generator().manual_seed((self.config.seed << 40) + at.index)
        example = self.maker(batch, cast(TemporalNetworks, self.model))
        noise = partial(add_uniform_noise, generator=generator)
        bpp = _bpp(network(**vars(example), disturb=noise), batch)
        skipped = (example.modes == 0).float().mean()
        loss = (quality_weight(batch.base, self.config.balance) * bpp).mean()
        return Outcome(loss, {"bpp": bpp.detach().mean(), "skipped": skipped})

    def parameter_groups(self, decay: float) -> list[dict[str, Any]]:
        """Convolution weights decay, everything else does not."""
        weights = [p for p in self.model.parameters() if p.dim() == 4]
        rest = [p for p in self.model.parameters() if p.dim() != 4]
        return [{"params": weights, "weight_decay": decay}, {"params": rest, "weight_decay": 0.0}]

    @torch.no_grad()
    def validate(self, average: nn.Module) -> Any:
        """Estimated bits per pixel of predicted frames of fixed pairs, and the loss that they make."""
        if self.validation is None:
            return None
        pairs = PairDataset(self.validation, self.config)
        networks = cast(TemporalNetworks, average)
        bpps, bases = [], []
        for index in range(VALIDATION_BATCHES):
            batch = pairs[VALIDATION_SEED + index]
            example = self.maker(batch, networks)
            bpps.append(_bpp(networks(**vars(example), disturb=round_straight_through), batch))
            bases.append(batch.base)
        bpp = torch.cat(bpps)
        weight = quality_weight(torch.cat(bases), self.config.balance)
        return {"bpp": float(bpp.mean()), "loss": float((weight * bpp).mean())}


def _bpp(priced: tuple[Tensor, Tensor, Tensor], batch: PairBatch) -> Tensor:
    """Bits per pixel of each frame, (N,)."""
    _, bits, hyper_bits = priced
    height, width = batch.now.shape[1:3]
    return (bits.flatten(1).sum(1) + hyper_bits.flatten(1).sum(1)) / (height * width)


def temporal_run(
    folder: Path,
    data: Sequence[Path],
    validation: Sequence[Path],
    config: TemporalTrainingConfig,
    base: str,
    *,
    resume: bool = False,
    changes: Mapping[str, Any] = MappingProxyType({}),
    workers: int = 0,
) -> TrainingRun:
    """Make a run of the training of a base model's predicted frames.

    Args:
        folder: where checkpoints, the log and TensorBoard events go.
        data: folders of photographs.
        validation: folders of photographs to validate on, or none.
        config: the recipe of a new run.
        base: name or file of the base model.
        resume: go on from the folder's checkpoint, with its own recipe.
        changes: with ``resume``, options of `CHANGEABLE` that are other from here on.
        workers: loader processes.

    Raises:
        TrainingError: the folder holds a run already, or none to resume, or there are no photographs.
        ModelError: unknown base model.
        ValueError: a change of what a run keeps to its end.
    """
    state = load_checkpoint(folder) if resume else None
    if state is None:
        refuse_second_run(folder)
    else:
        config = resumed_recipe(TemporalTrainingConfig.from_dict(state["config"]), changes, CHANGEABLE)
        base = state["base"]
    task = TemporalTask(base, data, validation, config, workers)
    return TrainingRun(folder, task, config, state, changes)
