"""Runs of ``cotam train levelvqa``, and what is made of them."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from cotam.errors import TrainingError
from cotam.mllm.embedded import (
    EmbeddedSizes,
    build_tokenizer,
    restore_embedded,
    restore_tokenizer,
    save_embedded,
    stored_tokenizer,
)
from cotam.mllm.shipped import parts_of
from cotam.training.checkpoints import load_checkpoint
from cotam.training.config import resumed_recipe
from cotam.training.levelvqa.config import LevelVQATrainingConfig
from cotam.training.levelvqa.task import SPEAKING_PARTS, LevelVQATask
from cotam.training.levelvqa.texts import training_texts
from cotam.training.run import TrainingRun, refuse_second_run

TOWER_PARTS = ("clip.", "patch_head.", "whole_head.")
"""Names in a checkpoint that a run with ``tower`` begins with."""
CHANGEABLE = ("steps", "minutes", "learning_rate", "point", "dense", "whole", "contrast")
"""Options that may change when a run is resumed."""


def levelvqa_run(
    folder: Path,
    config: LevelVQATrainingConfig,
    sizes: EmbeddedSizes,
    *,
    resume: bool = False,
    changes: Mapping[str, Any] = MappingProxyType({}),
    tower: Path | None = None,
    language: Path | None = None,
    start: Path | None = None,
    workers: int = 1,
) -> TrainingRun:
    """Make a run of the embedded MLLM's training.

    Args:
        folder: where checkpoints, the log and TensorBoard events go.
        config: the recipe of a new run.
        sizes: of a new run's models.
        resume: go on from the folder's checkpoint, with its own recipe and sizes.
        changes: with ``resume``, options of `CHANGEABLE` that are other from here on; the log says so.
        tower: folder of an earlier run, whose CLIP and label heads a new run begins with, in place of ``sizes``;
            it goes on with the scenes after those of that run.
        language: with ``tower``, folder of an earlier run, whose projector and language model it begins with.
        start: in place of ``tower``, ``levelvqa``, the model that ships, or the folder of one as `export_levelvqa`
            writes it: its CLIP and LLaVA.
        workers: processes that draw scenes.

    Raises:
        TrainingError: the folder holds a run already, or none to resume.
        ModelError: ``start`` is no such folder, or of other sizes.
        ValueError: a change of what a run keeps to its end.
    """
    if not resume:
        refuse_second_run(folder)
        if tower is not None:
            state = load_checkpoint(tower)
            speaking = None if language is None else load_checkpoint(language)
            seen = max(scenes_seen(one) for one in (state, speaking) if one is not None)
            config = dataclasses.replace(config, first_scene=seen)
            task = _restored_task(state, config, workers)
            _begin_with(task, state, TOWER_PARTS)
            if speaking is not None:
                _begin_with(task, speaking, SPEAKING_PARTS)
            return TrainingRun(folder, task, config)
        parts = None if start is None else parts_of(start)
        tokenizer = stored_tokenizer(parts) if parts else build_tokenizer(training_texts())
        task = LevelVQATask(config, sizes, tokenizer, workers)
        if parts:
            learner: Any = task.model
            restore_embedded(parts, learner.clip, learner.llava)
        return TrainingRun(folder, task, config)
    state = load_checkpoint(folder)
    config = resumed_recipe(LevelVQATrainingConfig.from_dict(state["config"]), changes, CHANGEABLE)
    return TrainingRun(folder, _restored_task(state, config, workers), config, state, changes)


def export_levelvqa(run: Path, target: Path) -> dict[str, Any]:
    """Write the averaged weights of a run as CLIP and LLaVA, see `save_embedded`.

    Returns:
        ``steps``, ``scenes``, ``hours`` and the bytes of every file written.

    Raises:
        TrainingError: the folder holds no such run.
    """
    state = load_checkpoint(run)
    config = LevelVQATrainingConfig.from_dict(state["config"])
    task = _restored_task(state, config, workers=0)
    prefix = "module."
    weights = {key[len(prefix) :]: value for key, value in state["average"].items() if key.startswith(prefix)}
    task.model.load_state_dict(weights)
    task.model.eval()
    learner: Any = task.model
    save_embedded(target, learner.clip, learner.llava, task.processor.tokenizer, task.processor)
    files = {
        str(path.relative_to(target)): path.stat().st_size
        for path in sorted(target.rglob("*"))
        if path.is_file()
    }
    steps = int(state["step"])
    hours = round(state["seconds"] / 3600, 2)
    return {"steps": steps, "scenes": scenes_seen(state), "hours": hours, "files": files}


def scenes_seen(state: dict[str, Any]) -> int:
    """Scenes of the training split, from its first on, that a run and those it began with have used up."""
    config = state["config"]
    return int(config["first_scene"] + state.get("drawn", state["step"]) * config["batch"])


def _begin_with(task: LevelVQATask, state: dict[str, Any], parts: tuple[str, ...]) -> None:
    """Copy a checkpoint's parameters whose names begin with ``parts`` into a task of the same sizes."""
    if (
        state.get("sizes") != task.description["sizes"]
        or state.get("tokenizer") != task.description["tokenizer"]
    ):
        raise TrainingError("the runs to begin with are of other sizes or tokenizers than each other")
    own = task.model.state_dict()
    kept = {key: value for key, value in state["model"].items() if key.startswith(parts)}
    for key in kept:
        if key.startswith("patch_head."):  # labels that the earlier run did not have begin anew
            kept[key] = torch.cat([kept[key], own[key][len(kept[key]) :]])
    task.model.load_state_dict(kept, strict=False)


def _restored_task(state: dict[str, Any], config: LevelVQATrainingConfig, workers: int) -> LevelVQATask:
    if "tokenizer" not in state:
        raise TrainingError("the checkpoint is not one of cotam train levelvqa")
    return LevelVQATask(
        config, EmbeddedSizes(**state["sizes"]), restore_tokenizer(state["tokenizer"]), workers
    )
