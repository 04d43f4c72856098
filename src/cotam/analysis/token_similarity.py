"""How alike the tokens of an original and of a coded picture are after a block; patches only."""

from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import normalize

LEAST_VARIANCE: Final = 1e-20
"""Gram matrices of a smaller norm are of tokens that are all alike: their CKA is 0."""


def cosine_similarity(original: Tensor, coded: Tensor) -> Tensor:
    """Cosine between each patch's tokens, -1..1, (N, P): a map over the grid; its mean is the similarity of a layer.

    Args:
        original: tokens (P, D) of one picture.
        coded: tokens (N, P, D) of its coded versions.
    """
    return (normalize(coded.float(), dim=-1) * normalize(original.float(), dim=-1)).sum(-1)


def linear_cka(original: Tensor, coded: Tensor) -> Tensor:
    """Linear centred kernel alignment over the patches of a picture (Kornblith et al., 2019), 0..1, (N,).

    With tokens centred over patches, K = X X^T and L = Y Y^T: <K, L> / (|K| |L|), Frobenius. Unlike cosine it does not
    see a shift that all tokens share, a rotation or a scale: 1 means that patches relate to each other as before.

    Args:
        original: tokens (P, D) of one picture.
        coded: tokens (N, P, D) of its coded versions.
    """
    own, theirs = _gram(original[None]), _gram(coded)
    norms = own.flatten(1).norm(dim=1) * theirs.flatten(1).norm(dim=1)
    return (own * theirs).sum((1, 2)) / norms.clamp_min(LEAST_VARIANCE)


def _gram(tokens: Tensor) -> Tensor:
    """Inner products (N, P, P) of centred tokens; a common scale, which alignment does not see, is taken out first."""
    centred = tokens.float() - tokens.float().mean(1, keepdim=True)
    largest = centred.abs().amax((1, 2), keepdim=True)
    centred = centred / torch.where(largest > 0, largest, torch.ones_like(largest))
    return centred @ centred.transpose(1, 2)
