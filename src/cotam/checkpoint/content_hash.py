"""The identity of a model: a hash of everything that its streams depend on. No torch here."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

MODEL_ID_BYTES = 4


def content_hash(architecture: str, config: Mapping[str, Any], tensors: Mapping[str, ArrayLike]) -> str:
    """SHA-256, in hex, of architecture, sizes, and all tensors by name, type, shape and bytes.

    Types are named as torch prints them, which is how the first models were hashed.
    """
    digest = hashlib.sha256()
    digest.update(json.dumps([architecture, config], sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = np.asarray(tensors[name])
        digest.update(f"\0{name}\0torch.{tensor.dtype}\0{tensor.shape}\0".encode())
        digest.update(tensor.astype(tensor.dtype.newbyteorder("<"), copy=False).tobytes())
    return digest.hexdigest()
