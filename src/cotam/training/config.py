"""What training runs are made of, as frozen dataclasses; presets by device."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import torch

from cotam.errors import TrainingError

C = TypeVar("C", bound="RunConfig")


@dataclass(frozen=True)
class RunConfig:
    """What every recipe has; stored in every checkpoint."""

    batch: int = 8
    """Examples of a batch."""
    accumulate: int = 1
    """Batches per step and process: their gradients are averaged."""
    steps: int = 0
    """Optimiser steps in all; 0 means: as many as fit into ``minutes``."""
    minutes: float = 30.0
    """Wall-clock budget that sets ``steps`` when that is 0."""
    learning_rate: float = 1e-3
    """Peak of the cosine schedule."""
    final_learning_rate: float = 1e-5
    """End of the cosine schedule."""
    warmup: int = 300
    """Steps of linear warm-up."""
    weight_decay: float = 1e-4
    """AdamW decay of matrices and convolutions; nothing else decays."""
    clip: float = 1.0
    """Largest gradient norm."""
    ema: float = 0.9995
    """Decay of the averaged weights, which are what is exported."""
    bf16: bool = True
    """Networks in bfloat16 autocast; losses stay in float32."""
    compile: bool = False
    """Run the model through ``torch.compile``."""
    seed: int = 0
    """Seed of everything random."""

    def __post_init__(self) -> None:
        """Check the recipe."""
        for name in ("batch", "accumulate", "clip", "learning_rate", "warmup"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)}")
        if not 0 <= self.ema <= 1:
            raise ValueError(f"ema must be from 0 to 1, not {self.ema}")
        if self.steps < 0 or (self.steps == 0 and self.minutes <= 0):
            raise ValueError("steps must be positive, or minutes must be")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Build from a checkpoint's dictionary; an unknown key is an error that lists the known ones."""
        known = {field.name for field in dataclasses.fields(cls)}
        if unknown := set(values) - known:
            raise TrainingError(
                f"unknown training option {sorted(unknown)[0]!r}; known: {', '.join(sorted(known))}"
            )
        return cls(**values)


@dataclass(frozen=True)
class CodecTrainingConfig(RunConfig):
    """Recipe of ``cotam train codec``."""

    crop: int = 128
    """Side of the training crops in pixels, a multiple of 64."""
    late_share: float = 0.25
    """Last part of the schedule, 0..1, that uses crops of twice the side and a quarter of the batch."""
    balance: float = 0.55
    """Loss weight of a quality is lmbda^-balance: 0 favours high rates, 0.6 levels all rates."""
    graphics: float = 0.15
    """Share of rendered text, charts and interfaces in the crops, 0..1."""
    scenes: float = 0.0
    """Share of scenes of LevelVQA's training split in the crops, 0..1; the presets have some, older runs had none."""
    uniform_levels: float = 0.5
    """Share of crops with a uniform level map, 0..1."""

    def __post_init__(self) -> None:
        """Check the recipe."""
        super().__post_init__()
        if self.crop < 64 or self.crop % 64:
            raise ValueError(f"crop must be a multiple of 64, not {self.crop}")
        for name in ("late_share", "graphics", "scenes", "uniform_levels"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1, not {getattr(self, name)}")
        if self.graphics + self.scenes > 1:
            raise ValueError(
                f"graphics and scenes must be 1 at most together, not {self.graphics + self.scenes}"
            )


def resumed_recipe(saved: C, changes: Mapping[str, Any], changeable: Sequence[str]) -> C:
    """The recipe of a checkpoint with what is to change; to state an option as it was is no change.

    Raises:
        ValueError: an option that a run keeps to its end.
    """
    others = set(changes) - set(changeable)
    if fixed := sorted(name for name in others if changes[name] != getattr(saved, name)):
        raise ValueError(f"{fixed[0]} cannot change when a run is resumed; what can: {', '.join(changeable)}")
    length: dict[str, Any] = {"steps": 0} if "minutes" in changes else {}
    return dataclasses.replace(saved, **(length | dict(changes)))


def preset_for(device: torch.device) -> CodecTrainingConfig:
    """The recipe that suits a device: small crops on a CPU, big batches on an accelerator."""
    mixed = CodecTrainingConfig(graphics=0.2, scenes=0.15)
    if device.type == "cuda":
        return dataclasses.replace(mixed, crop=256, batch=32, late_share=0.0)
    return dataclasses.replace(mixed, bf16=bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()))
