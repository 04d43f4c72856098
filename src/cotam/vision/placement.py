"""Where a model of transformers runs, and in which precision."""

from typing import Final

import torch

DTYPES: Final = ("float32", "bfloat16", "float16")


def find_device(device: str | torch.device) -> torch.device:
    """Return a device that is there.

    Raises:
        ValueError: it is not.
    """
    try:
        where = torch.device(device)
    except RuntimeError as error:
        raise ValueError(f"device must be one such as 'cpu' or 'cuda', not {device!r}") from error
    if where.type == "cuda" and not torch.cuda.is_available():
        raise ValueError("device='cuda', but no CUDA device is available here; use 'cpu'")
    return where


def find_dtype(dtype: str) -> torch.dtype:
    """Return torch's type of this name.

    Raises:
        ValueError: it is none of ``DTYPES``.
    """
    if dtype not in DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, not {dtype!r}")
    return getattr(torch, dtype)
