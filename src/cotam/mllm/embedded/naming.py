"""Names of tensors, in models and in files.

In files they are called as in the checkpoints on the hub, which every version of transformers and every serving engine
reads.
"""

from collections.abc import Mapping
from typing import Final

from torch import Tensor

CLIP_TOWER: Final = "vision_model."
"""How a CLIP checkpoint calls its vision tower."""
LLAVA_TOWER: Final = "vision_tower.vision_model."
"""How a LLaVA checkpoint calls its vision tower."""
LANGUAGE: Final = {
    "model.language_model.": "language_model.model.",
    "model.multi_modal_projector.": "multi_modal_projector.",
    "lm_head.": "language_model.lm_head.",
}
"""Beginnings of the names of everything else in a LLaVA: in the model, and in a checkpoint."""


def language_tensors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of a LLaVA without its vision tower, called as in a checkpoint."""
    return _renamed(state, LANGUAGE)


def loaded_language(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what `language_tensors` named for a checkpoint, called as in the model."""
    return _renamed(tensors, {written: beginning for beginning, written in LANGUAGE.items()})


def tower_tensors(clip: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the vision tower out of a CLIP checkpoint, called as in a LLaVA checkpoint."""
    return {
        LLAVA_TOWER + name.removeprefix(CLIP_TOWER): tensor
        for name, tensor in clip.items()
        if name.startswith(CLIP_TOWER)
    }


def _renamed(tensors: Mapping[str, Tensor], beginnings: Mapping[str, str]) -> dict[str, Tensor]:
    """The tensors whose names begin so, with these beginnings changed."""
    return {
        new + name.removeprefix(old): tensor
        for name, tensor in tensors.items()
        for old, new in beginnings.items()
        if name.startswith(old)
    }
