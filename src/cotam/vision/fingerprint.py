"""Recognising a tower by its weights, in whatever precision they were loaded."""

import hashlib
from typing import Any, Final

import numpy as np
import torch

from cotam.vision.registry import family_of

FINGERPRINT_DIGITS: Final = 16
"""Hex digits kept of the hash."""


def fingerprint(model: Any) -> str:
    """Hash a tower's embeddings and its first block: what an adapter's tokens are made for.

    Only the signs of the weights count, with the shapes: rounding to bfloat16 or float16 never turns a sign, not even
    where it underflows, so one checkpoint has one fingerprint in every precision.

    Args:
        model: CLIP, SigLIP, DINOv2, DINOv3 or InternViT of transformers.

    Returns:
        `FINGERPRINT_DIGITS` hex digits.

    Raises:
        ModelError: a model of another family.
    """
    family = family_of(model)
    digest = hashlib.sha256()
    for module in (*family.entrance, family.blocks[0]):
        for _, weights in sorted(module.named_parameters()):
            signs = torch.signbit(weights.detach()).flatten().cpu().numpy()
            digest.update(f"{tuple(weights.shape)}\0".encode())
            digest.update(np.packbits(signs).tobytes())
    return digest.hexdigest()[:FINGERPRINT_DIGITS]
