"""How well each patch of a picture fits a text, by a tower's own text side."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from cotam.vision.text import TextSide


@torch.no_grad()
def relevance(tokens: Tensor, text_side: TextSide, family: Any, texts: Sequence[str]) -> Tensor:
    """Cosine similarity of patch tokens and texts in the space where images and texts meet.

    Args:
        tokens: patch tokens after the last block, (N, P, D).
        text_side: embeds the texts; equal ones once.
        family: takes patch tokens into that space.
        texts: one for each picture.

    Returns:
        float32 (N, P), -1..1.
    """
    different = list(dict.fromkeys(texts))
    chosen = [different.index(text) for text in texts]
    targets = normalize(text_side.embed(different).float(), dim=-1)[chosen]
    embedded = normalize(family.patch_embeddings(tokens, text_side.model).float(), dim=-1)
    return torch.einsum("npe,ne->np", embedded, targets)
