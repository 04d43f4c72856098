"""Recipe of ``cotam train levelvqa``."""

from dataclasses import dataclass

import torch

from cotam.levelvqa.clips import PICTURES
from cotam.training.config import RunConfig


@dataclass(frozen=True)
class LevelVQATrainingConfig(RunConfig):
    """What a run of ``cotam train levelvqa`` is made of; stored in every checkpoint."""

    batch: int = 16
    """Pictures per step and process; each is of a scene, or of a clip."""
    learning_rate: float = 6e-4
    weight_decay: float = 0.02
    ema: float = 0.999
    warmup: int = 200
    tower_first: float = 0.3
    """First part of the schedule, 0..1, in which the tower learns labels and captions and no questions yet."""
    frozen_tower: bool = False
    """The tower stands still and only projector and language model learn, as in LLaVA's first stage."""
    language_rate: float = 1.5
    """Learning rate of projector and language model, in learning rates of the rest."""
    draws: int = 2
    """How often the questions of a scene are drawn, for different objects and in different words."""
    facts: bool = True
    """Also learn short facts about every object, see `facts`."""
    point: float = 0.5
    """Weight of where the language model looks when a kind or colour is named, see `pointing`."""
    dense: float = 1.0
    """Weight of what every patch token must tell about its object."""
    whole: float = 0.25
    """Weight of what the class token must tell about the picture."""
    contrast: float = 0.1
    """Weight of CLIP's contrastive loss between pictures and captions."""
    clips: float = 0.0
    """Share of the pictures, 0..1, that are shown as clips of `PICTURES` each, see `clip_examples`."""
    compare: float = 0.5
    """Weight of what the language model must tell and look at where pictures differ, see `comparing`."""
    first_scene: int = 0
    """Offset of the first scene within the training split."""

    def __post_init__(self) -> None:
        """Check the recipe."""
        super().__post_init__()
        if not 0 <= self.tower_first <= 1:
            raise ValueError(f"tower_first must be from 0 to 1, not {self.tower_first}")
        if self.frozen_tower and self.tower_first:
            raise ValueError("a frozen tower learns nothing first: tower_first must be 0")
        self._check_clips()
        for name in ("language_rate", "draws"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)}")
        for name in ("point", "dense", "whole", "contrast", "compare"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, but is {getattr(self, name)}")

    @property
    def clips_of_batch(self) -> int:
        """Clips per step and process; the scenes are `scenes_of_batch`."""
        return round(self.batch * self.clips / PICTURES)

    @property
    def scenes_of_batch(self) -> int:
        """Pictures of a step and process that are scenes of their own."""
        return self.batch - PICTURES * self.clips_of_batch

    def _check_clips(self) -> None:
        if not 0 <= self.clips < 1:
            raise ValueError(f"clips must be from 0 to 1, and less than 1, not {self.clips}")
        if not self.clips:
            return
        if not self.frozen_tower:
            raise ValueError("clips need a tower that stands still: frozen_tower, or --frozen-tower")
        if self.clips_of_batch < 1 or self.scenes_of_batch < 1:
            raise ValueError(
                f"clips={self.clips} of a batch of {self.batch} pictures leaves no clip of {PICTURES}, or no scene"
            )


def preset_for(device: torch.device) -> LevelVQATrainingConfig:
    """The recipe that suits a device."""
    if device.type == "cuda":
        return LevelVQATrainingConfig(batch=256, warmup=500)
    return LevelVQATrainingConfig(draws=1, ema=0.997, bf16=bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()))
