"""The identity of a model: a hash of everything that its streams depend on."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

MODEL_ID_BYTES = 4


def content_hash(architecture: str, config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    """SHA-256, in hex, of architecture, sizes, and all tensors by name, type, shape and bytes."""
    digest = hashlib.sha256()
    digest.update(json.dumps([architecture, config], sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"\0{name}\0{tensor.dtype}\0{tuple(tensor.shape)}\0".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
