"""``cotam train codec`` as a task of the training loop."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from cotam.checkpoint import ModelCard, find_model, load_model
from cotam.checkpoint.registry import DEFAULT_MODEL
from cotam.errors import ModelError
from cotam.models.architectures import SIZES, build, network_for
from cotam.models.base_codec import BaseCodec
from cotam.training.checkpoints import load_checkpoint
from cotam.training.config import CodecTrainingConfig, resumed_recipe
from cotam.training.crops import Batch, CropDataset, load_photographs
from cotam.training.float_form import float_form
from cotam.training.rate_distortion import psnr_of, rate_distortion
from cotam.training.run import UNPLANNED, TrainingRun, refuse_second_run
from cotam.training.task import Outcome, Position, Span
from cotam.training.validation import validate

CHANGEABLE = ("steps", "minutes", "balance", "learning_rate", "batch", "graphics", "scenes")
"""Options that may change when a run is resumed."""
GAINS = "gains"
"""What can be trained alone, and its name inside a codec."""


class CodecTask:
    """Trains a base codec, or its gains alone, over all qualities at once.

    Args:
        data: folders of photographs.
        validation: a folder of pictures to validate on, or None.
        config: the recipe.
        model: its networks in float form; what needs no gradient stays as it is.
        workers: loader processes.
        start: the model whose weights it began with, in words, or None.
        only: `GAINS` where these alone are trained.
    """

    validation_seconds = 1200.0
    leaves_out = False

    def __init__(
        self,
        data: Sequence[Path],
        validation: Path | None,
        config: CodecTrainingConfig,
        model: BaseCodec,
        workers: int,
        start: str | None = None,
        only: str | None = None,
    ) -> None:
        self.validation, self.config, self.workers = validation, config, workers
        self.model: nn.Module = model
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.description = {
            "name": _name(model, start if only else None),
            "architecture": model.architecture,
            "model_config": dataclasses.asdict(model.config),
            "only": only,
            "start": start,
        }
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
            if not parameter.requires_grad:
                continue
            (weights if parameter.dim() == 4 else rest).append(parameter)
        return [{"params": weights, "weight_decay": decay}, {"params": rest, "weight_decay": 0.0}]

    def validate(self, average: nn.Module) -> Any:
        """Estimated rate and PSNR at fixed qualities."""
        if self.validation is None:
            return None
        device = next(average.parameters()).device
        return validate(cast(BaseCodec, average), self.validation, device)


def codec_run(
    folder: Path,
    data: Sequence[Path],
    validation: Path | None,
    config: CodecTrainingConfig,
    model: Any,
    *,
    only: str | None = None,
    start: str | None = None,
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
        model: sizes of a new run's model; with ``only``, the name or path of a model that is trained already. With
            ``resume`` None, or what the run was begun with.
        only: ``gains`` trains nothing but how finely each channel is quantised at each quality.
        start: name or path of a model of the same sizes whose weights a new run begins with; all of it is trained.
        resume: go on from the folder's checkpoint, with its own recipe and sizes.
        changes: with ``resume``, options of `CHANGEABLE` that are other from here on; the log says so.
        workers: loader processes.

    Raises:
        TrainingError: the folder holds a run already, or none to resume, or there are no photographs.
        ModelError: the model to begin with is unknown, damaged or of other sizes.
        ValueError: a change of what a run keeps to its end, such as its model.
    """
    if start and (resume or only):
        raise ValueError("start: a run that is resumed, or trains gains alone, has its weights already")
    state = load_checkpoint(folder) if resume else None
    if state is None:
        refuse_second_run(folder)
    else:
        config = resumed_recipe(CodecTrainingConfig.from_dict(state["config"]), changes, CHANGEABLE)
        if only not in (None, state.get("only")):
            raise ValueError(f"this run trains a whole codec: it cannot be resumed with {only} alone")
        only = state.get("only")
    torch.manual_seed(config.seed)
    network, begun_with = _networks(model, only, start, state)
    task = CodecTask(data, validation, config, network, workers, begun_with, only)
    return TrainingRun(folder, task, config, state, changes)


def _networks(
    model: Any, only: str | None, start: str | None, state: dict[str, Any] | None
) -> tuple[BaseCodec, str | None]:
    """Networks to train, and the model whose weights they begin with, in words.

    They are new ones, those of a model file, or of a checkpoint's sizes, whose weights come later.
    """
    if only not in (None, GAINS):
        raise ValueError(f"what is trained alone must be {GAINS!r}, not {only!r}")
    if state is not None:
        network = build(state.get("architecture", DEFAULT_MODEL), state["model_config"])
        begun_with = state.get("start")
        if model is not None and not _is_begun_with(model, network, begun_with if only else None):
            raise ValueError(
                f"model cannot change when a run is resumed; this one is {begun_with or _name(network)}"
            )
    elif only or start:
        loaded = load_model(start or model)
        network, begun_with = float_form(loaded.network), _in_words(loaded.card)
        if start and network.config != model:
            raise ModelError(f"{start} has other sizes than the model to train: name it with --model too")
    else:
        network, begun_with = network_for(model), None
    if only:
        network.requires_grad_(False)
        network.gains.requires_grad_(True)
    return network, begun_with


def _is_begun_with(model: Any, network: BaseCodec, start: str | None) -> bool:
    """Whether a run began with a model, or sizes, as `codec_run` takes them."""
    if isinstance(model, str | Path):
        return start == _in_words(find_model(model))
    return start is None and model == network.config


def _in_words(card: ModelCard) -> str:
    return f"{card.name} ({card.model_id})"


def _name(network: BaseCodec, start: str | None = None) -> str:
    """What a run's model is called: as the one that its gains are of, or as its sizes."""
    sizes = (name for name, sizes in SIZES.items() if sizes == network.config)
    return Path((start or "").rpartition(" (")[0]).name or next(sizes, network.architecture)
