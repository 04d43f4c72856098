"""Training checkpoints: everything that is needed to go on as if nothing had happened."""

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from cotam.errors import TrainingError

LATEST = "checkpoint.pt"


def save_checkpoint(folder: Path, state: dict[str, Any]) -> Path:
    """Write ``folder``/checkpoint.pt; an interruption leaves the previous one whole."""
    target = folder / LATEST
    part = folder / (LATEST + ".part")
    torch.save(state, part)
    os.replace(part, target)
    return target


def load_checkpoint(folder: Path) -> dict[str, Any]:
    """Read a checkpoint of `save_checkpoint`: tensors and plain values only, never code.

    Raises:
        TrainingError: there is none, or it is damaged.
    """
    path = folder / LATEST
    if not path.is_file():
        raise TrainingError(f"{path}: no checkpoint to resume from; start without --resume")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise TrainingError(f"{path}: the checkpoint is damaged ({type(error).__name__})") from error
    if not isinstance(state, dict) or "model" not in state:
        raise TrainingError(f"{path}: this is no training checkpoint")
    return state
