"""What tokens made from latents are trained for: CoTAM's multi-level fidelity and Bridge's surrogate.

Sources: CoTAM, Liu et al., ICLR 2026 (arXiv:2509.24258); Bridge, Kao et al., ICLR 2025 (arXiv:2407.19651). Both look
at the vision tower alone, never at the language model. Weights depend on `progress`, the share of the run that is
done, 0..1, so that resuming needs no state. Rate and distortion of the codec are in `rate_distortion`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

LOW_WEIGHT: Final = 0.1
"""CoTAM's λ_low."""
HIGH_WEIGHT: Final = 1.0
"""CoTAM's λ_high."""
LOW_ONLY: Final = 0.2
"""Share of the run, from its start, that looks at low-level tokens alone: the paper's first epoch of five."""
LEVEL_FACTOR: Final = 2.0
"""How much more a token counts per level; the papers give no number, this one is ours."""
TEMPERATURE: Final = 0.01
"""CLIP's trained temperature, at its lower bound (Radford et al., 2021)."""
PHASES: Final = ((100.0, 0.0), (1.0, 100.0), (0.0, 100.0))
"""Bridge's weights of cross entropy and distillation in the three thirds of a run (20 epochs each)."""


@dataclass(frozen=True)
class Fidelity:
    """CoTAM's loss; `low` and `high` are its unweighted terms, detached."""

    loss: Tensor
    low: Tensor
    high: Tensor


@dataclass(frozen=True)
class Surrogate:
    """Bridge's loss; `cross_entropy` and `distillation` are its unweighted terms, detached."""

    loss: Tensor
    cross_entropy: Tensor
    distillation: Tensor


def fidelity_weights(
    progress: float, low: float = LOW_WEIGHT, high: float = HIGH_WEIGHT, low_only: float = LOW_ONLY
) -> tuple[float, float]:
    """λ_low and λ_high after a share of the run; the authors' public code never gets past (0.1, 0), the paper does.

    Args:
        progress: share of the run that is done, 0..1.
        low: λ_low; where it is 0, the high-level term is not kept waiting.
        high: λ_high.
        low_only: share of the run, from its start, that looks at low-level tokens alone.
    """
    return low, high if progress >= low_only or not low else 0.0


def multi_level_fidelity(
    low: Sequence[tuple[Tensor, Tensor]],
    high: tuple[Tensor, Tensor],
    weights: tuple[float, float] = (LOW_WEIGHT, HIGH_WEIGHT),
    token_weights: Tensor | None = None,
    picture_weights: Tensor | None = None,
) -> Fidelity:
    """λ_low · mean of MSE(low-level tokens) + λ_high · MSE(final tokens).

    Args:
        low: tokens of the coded and of the original picture, (N, T, D) each, for every low layer: those before block
            0 and after it (layers 0 and 1).
        high: the same after the last block.
        weights: λ_low and λ_high, as `fidelity_weights` gives them.
        token_weights: weight of each token in the low term, (N, T), as `level_weights` gives it; by default 1.
        picture_weights: weight of each picture in the loss, (N,), beyond the paper; by default 1.
    """
    low_terms = torch.stack([_picture_errors(*pair, token_weights) for pair in low]).mean(0)
    high_terms = _picture_errors(*high, None)
    losses = weights[0] * low_terms
    if weights[1]:
        losses = losses + weights[1] * high_terms
    loss = losses.mean() if picture_weights is None else (picture_weights * losses).mean()
    return Fidelity(loss, low_terms.mean().detach(), high_terms.mean().detach())


def level_weights(levels: Tensor, prefix: int = 0, factor: float = LEVEL_FACTOR) -> Tensor:
    """Weight of each token by its level: factor^level, divided by the mean over the picture's patches.

    The authors' code weights the low-level term by the level map, so that fidelity is asked for where bits are spent.

    Args:
        levels: level of each patch, (N, P), fractions allowed.
        prefix: tokens in front of the patches, such as [CLS]; they weigh 1.
        factor: weight per level.

    Returns:
        float (N, prefix + P).
    """
    weights = factor ** levels.float()
    weights = weights / weights.mean(1, keepdim=True)
    return F.pad(weights, (prefix, 0), value=1.0)


def zero_shot_cross_entropy(
    embeddings: Tensor, texts: Tensor, labels: Tensor, temperature: float = TEMPERATURE
) -> Tensor:
    """Cross entropy of zero-shot classification: cosine similarity of pictures and class names over a temperature.

    Args:
        embeddings: image embeddings in the space of the texts, (N, E).
        texts: text embedding of each class's prompt, (K, E).
        labels: class of each picture, int64 (N,).
        temperature: see `TEMPERATURE`.
    """
    similarities = F.normalize(embeddings, dim=-1) @ F.normalize(texts, dim=-1).T
    return F.cross_entropy(similarities / temperature, labels)


def surrogate_weights(progress: float) -> tuple[float, float]:
    """Weights of cross entropy and distillation after a share of the run: `PHASES`, a third each."""
    return PHASES[min(int(progress * len(PHASES)), len(PHASES) - 1)]


def surrogate(
    coded: Tensor,
    original: Tensor,
    texts: Tensor,
    labels: Tensor,
    weights: tuple[float, float],
    temperature: float = TEMPERATURE,
) -> Surrogate:
    """Bridge's surrogate for the MLLM: weighted sum of zero-shot cross entropy and pooled-feature distillation.

    Args:
        coded: pooled image embeddings of the coded pictures, (N, E).
        original: those of the originals, (N, E); no gradient reaches them.
        texts: see `zero_shot_cross_entropy`.
        labels: see `zero_shot_cross_entropy`.
        weights: of cross entropy and distillation, as `surrogate_weights` gives them; a term of weight 0 is measured,
            but has no gradient.
        temperature: see `TEMPERATURE`.
    """
    terms = (
        zero_shot_cross_entropy(coded, texts, labels, temperature),
        F.mse_loss(coded, original.detach()),
    )
    loss = torch.stack(
        [weight * term for weight, term in zip(weights, terms, strict=True) if weight] or [0 * terms[0]]
    ).sum()
    return Surrogate(loss, terms[0].detach(), terms[1].detach())


def _picture_errors(coded: Tensor, original: Tensor, weights: Tensor | None) -> Tensor:
    """Mean squared error of each picture's tokens, (N,)."""
    if coded.shape != original.shape:
        raise ValueError(f"tokens {tuple(coded.shape)} and {tuple(original.shape)} cannot be compared")
    errors = (coded.float() - original.detach().float()).square().mean(-1)
    if weights is not None and weights.shape != errors.shape:
        raise ValueError(f"token weights must be {tuple(errors.shape)}, not {tuple(weights.shape)}")
    return (errors if weights is None else weights * errors).mean(1)
