"""Reading other people's checkpoints: tensors by name, and nothing is ever executed."""

import pickle
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from cotam.checkpoint.registry import SUFFIX
from cotam.errors import ModelError

INSIDE: Final = ("state_dict", "model_state_dict", "model", "net")
"""Where training scripts keep the state dict inside a checkpoint."""
WRAPPED: Final = "module."
"""What data-parallel training puts before every name."""


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a checkpoint: a safetensors file, or one of `torch.save` as tensors and plain values only.

    Raises:
        ModelError: there is none, it is damaged, or it holds more than tensors and plain values, such as code.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such checkpoint")
    content = _load_safetensors(path) if path.suffix == SUFFIX else _load_pickled(path)
    for key in INSIDE:
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
            break
    tensors = {str(key): value for key, value in _items(content) if isinstance(value, Tensor)}
    if not tensors:
        raise ModelError(f"{path}: a checkpoint without tensors by name")
    if all(key.startswith(WRAPPED) for key in tensors):
        tensors = {key.removeprefix(WRAPPED): value for key, value in tensors.items()}
    return tensors


def _items(content: Any) -> Any:
    return content.items() if isinstance(content, dict) else ()


def _load_safetensors(path: Path) -> Any:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: not a safetensors file, or a damaged one ({error})") from error


def _load_pickled(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{path}: damaged, or it holds more than tensors and plain values, which is never executed here; "
            f"save its state dict alone, best as safetensors"
        ) from error
    except (
        OSError,
        RuntimeError,
        EOFError,
        ValueError,
        KeyError,
        IndexError,
        AttributeError,
        TypeError,
    ) as error:
        raise ModelError(f"{path}: the checkpoint is damaged ({type(error).__name__})") from error
