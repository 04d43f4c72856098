"""Rounding for training: straight-through gradients, and additive uniform noise as its stand-in."""

import torch
from torch import Tensor


def round_straight_through(x: Tensor) -> Tensor:
    """Round half up, floor(x + 1/2), with the gradient of the identity (Theis et al. 2017)."""
    return x + (torch.floor(x + 0.5) - x).detach()


def add_uniform_noise(x: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Add noise from U(-1/2, 1/2): the differentiable proxy of rounding for the rate (Ballé et al. 2017)."""
    noise = torch.rand(x.shape, generator=generator, device=x.device, dtype=x.dtype)
    return x + (noise - 0.5)
