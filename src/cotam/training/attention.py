"""Which attention a tower has while something learns through it."""

from typing import Final

import torch

FUSED_ATTENTION: Final = "sdpa"
"""Keeps no weights for the backward pass, which then needs far less memory."""
PLAIN_ATTENTION: Final = "eager"
"""Products and softmax; it alone can say where it looks."""
FEW_TOKENS: Final = 256
"""Up to here plain attention is the quicker one on a CPU: 0.73 of the time for loss and backward pass of an adapter."""


def attention_for(tokens: int) -> str:
    """Return the name, as transformers' models take it, of what is quickest for a tower of so many tokens."""
    few = tokens <= FEW_TOKENS and not torch.cuda.is_available()
    return PLAIN_ATTENTION if few else FUSED_ATTENTION
