"""Runs of ``cotam train adapter`` and ``cotam train neck``."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from cotam.adapters import LatentAdapter, TransformNeck
from cotam.checkpoint import AdapterCard, CodecIdentity, LoadedModel, load_model
from cotam.errors import TrainingError
from cotam.training.adapters.adapter_task import AdapterTask
from cotam.training.adapters.config import AdapterTrainingConfig, NeckTrainingConfig, TokensTrainingConfig
from cotam.training.adapters.joint_task import JointAdapterTask, JointNeckTask
from cotam.training.adapters.neck_task import NeckTask
from cotam.training.adapters.sources import open_source
from cotam.training.adapters.starting import start_from
from cotam.training.adapters.task_parts import Surroundings, picture_size
from cotam.training.adapters.text_targets import TextTargets
from cotam.training.adapters.towers import TrainingTower, load_training_tower
from cotam.training.checkpoints import load_checkpoint
from cotam.training.config import resumed_recipe
from cotam.training.run import TrainingRun, refuse_second_run
from cotam.training.task import Task

CHANGEABLE = ("steps", "minutes", "learning_rate", "machine", "rate_weight")
"""Options that may change when a run is resumed."""
JOINT_WEIGHTS = {"machine", "rate_weight"}
"""Those that say nothing of a run whose codec stands still."""

C = TypeVar("C", bound=TokensTrainingConfig)


@dataclass(frozen=True)
class Inputs:
    """What a run is given beside its recipe."""

    mllm: str
    """See `load_training_tower`."""
    codec: str
    """Name or file of the codec."""
    data: Sequence[str]
    """See `open_source`."""
    validation: Path | None = None
    """Pictures to validate on."""
    text_side: str | None = None
    """See `load_training_tower`."""
    workers: int = 1
    """Loader processes."""
    start: str | None = None
    """Name or file of an adapter or neck whose weights a new run starts from; see `start_from`."""


def adapter_run(
    folder: Path,
    inputs: Inputs,
    config: AdapterTrainingConfig,
    *,
    resume: bool = False,
    changes: Mapping[str, Any] = MappingProxyType({}),
) -> TrainingRun:
    """Make a run of a latent adapter's training.

    Args:
        folder: where checkpoints, the log and TensorBoard events go.
        inputs: model, codec and pictures; with ``resume`` the same ones as before.
        config: the recipe of a new run.
        resume: go on from the folder's checkpoint, with its own recipe.
        changes: with ``resume``, options of `CHANGEABLE` that are other from here on; the log says so.

    Raises:
        TrainingError: the folder holds a run already, or none to resume, or there are no pictures.
        ModelError: tower, codec or start cannot be loaded, or are not those of the run that is resumed.
        ValueError: a change of what a run keeps to its end, such as where it started.
    """
    state, config = _begin(folder, config, resume, changes)
    if not config.joint and JOINT_WEIGHTS & changes.keys():
        raise ValueError("machine and rate_weight are for a joint run, which this one is not")
    around = _surroundings(inputs, config)
    task: Task = (JointAdapterTask if config.joint else AdapterTask)(config, around, {})
    return _finish(folder, task, config, around, inputs, state, changes)


def neck_run(
    folder: Path,
    inputs: Inputs,
    config: NeckTrainingConfig,
    *,
    resume: bool = False,
    changes: Mapping[str, Any] = MappingProxyType({}),
) -> TrainingRun:
    """Make a run of a transform-neck's training; arguments and errors as in `adapter_run`."""
    state, config = _begin(folder, config, resume, changes)
    around = _surroundings(inputs, config)
    targets = text_targets(config, around)
    kind = NeckTask if config.setting == "d1" else JointNeckTask
    task: Task = kind(config, around, targets, {})
    return _finish(folder, task, config, around, inputs, state, changes)


def text_targets(config: NeckTrainingConfig, around: Surroundings) -> TextTargets | None:
    """Texts to classify pictures among; None where the tower has no text side: then distillation is all there is."""
    if around.tower.texts is None or not config.surrogate:
        return None
    return TextTargets(around.tower.texts, around.source.texts)


def card_for(
    network: LatentAdapter | TransformNeck,
    codec: LoadedModel,
    tower: TrainingTower,
    config: TokensTrainingConfig,
) -> AdapterCard:
    """What a network in training is made for; the name comes with the export."""
    adapter = isinstance(network, LatentAdapter)
    setting = None if adapter else "d1"
    return AdapterCard(
        name="",
        kind="adapter" if adapter else "neck",
        codec=CodecIdentity(codec.card.name, codec.card.model_id),
        tower=tower.identity,
        config=network.config.to_dict(),
        setting=config.setting if isinstance(config, NeckTrainingConfig) else setting,
    )


def _begin(
    folder: Path, config: C, resume: bool, changes: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, C]:
    if not resume:
        refuse_second_run(folder)
        return None, config
    state = load_checkpoint(folder)
    command = "neck" if isinstance(config, NeckTrainingConfig) else "adapter"
    made_by = "neck" if "setting" in state["config"] else "adapter"
    if "card" not in state or made_by != command:
        raise TrainingError(f"{folder}: the checkpoint is not one of cotam train {command}")
    return state, resumed_recipe(type(config).from_dict(state["config"]), changes, CHANGEABLE)


def _surroundings(inputs: Inputs, config: TokensTrainingConfig) -> Surroundings:
    tower = load_training_tower(inputs.mllm, inputs.text_side)
    source = open_source(
        inputs.data,
        picture_size(config, tower),
        seed=config.seed,
        first_scene=config.first_scene,
        validation=inputs.validation,
    )
    return Surroundings(load_model(inputs.codec), tower, source, inputs.workers)


def _finish(
    folder: Path,
    task: Any,
    config: TokensTrainingConfig,
    around: Surroundings,
    inputs: Inputs,
    state: dict[str, Any] | None,
    changes: Mapping[str, Any],
) -> TrainingRun:
    network = task.model.network
    start = _start(network, inputs.start, state)
    card = card_for(network, around.codec, around.tower, config)
    if state is not None:
        before = AdapterCard.from_dict(state["card"])
        before.check_codec(card.codec.name, card.codec.model_id)
        before.check_tower(card.tower)
    task.description.update(
        card=dataclasses.asdict(card),
        size=picture_size(config, around.tower),
        data=[str(name) for name in inputs.data],
        codec_architecture=around.codec.card.architecture,
        codec_config=around.codec.card.config,
        start=start,
    )
    return TrainingRun(folder, task, config, state, changes)


def _start(network: LatentAdapter | TransformNeck, start: str | None, state: dict[str, Any] | None) -> str:
    if state is None:
        return start_from(network, start) if start else ""
    if start:
        raise ValueError("start: a run that is resumed goes on from its own weights; give it to a new run")
    return str(state.get("start", ""))
