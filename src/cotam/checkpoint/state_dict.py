"""Reading other people's checkpoints: tensors by name, and nothing is ever executed."""

import pickle
import struct
import warnings
from collections.abc import Mapping
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
NUMBERS: Final = (
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16),
    *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
)
"""Types that tensors may have."""
DAMAGED: Final = (
    OSError,
    RuntimeError,
    EOFError,
    ValueError,
    KeyError,
    IndexError,
    AttributeError,
    TypeError,
    AssertionError,
    struct.error,
)
"""What torch raises for files that are cut or altered, beside errors of pickle."""


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a checkpoint: a safetensors file, or one of `torch.save` as tensors and plain values only.

    Returns:
        Dense tensors on the CPU, together no larger than the file.

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
    _check_dense(path, tensors)
    if all(key.startswith(WRAPPED) for key in tensors):
        tensors = {key.removeprefix(WRAPPED): value for key, value in tensors.items()}
    return tensors


def _items(content: Any) -> Any:
    return content.items() if isinstance(content, dict) else ()


def _check_dense(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Refuse tensors without numbers of their own: a few bytes could ask for any amount of memory."""
    for key, tensor in tensors.items():
        dense = tensor.layout is torch.strided and not (tensor.is_nested or tensor.is_quantized)
        if not (dense and tensor.device.type == "cpu" and tensor.dtype in NUMBERS):
            raise ModelError(f"{path}: {key} is no dense tensor of plain numbers")
    size, held = (
        sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()),
        path.stat().st_size,
    )
    if size > held:
        raise ModelError(
            f"{path}: the tensors come to {size:,} bytes and the file to {held:,}: some are views of the same "
            f"numbers; save each by itself"
        )


def _load_safetensors(path: Path) -> Any:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: not a safetensors file, or a damaged one ({error})") from error


def _load_pickled(path: Path) -> Any:
    try:
        with warnings.catch_warnings(action="ignore"):  # torch warns of files that it did not write
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{path}: damaged, or it holds more than tensors and plain values, which is never executed here; "
            f"save its state dict alone, best as safetensors"
        ) from error
    except DAMAGED as error:
        raise ModelError(f"{path}: the checkpoint is damaged ({type(error).__name__})") from error
