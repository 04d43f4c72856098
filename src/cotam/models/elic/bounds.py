"""Bounds that let a value come back."""

from typing import Any

import torch
from torch import Tensor


class _AtLeast(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, bound: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.bound = bound
        return x.clamp_min(bound)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        (gradient,) = gradients
        return gradient * ((x >= ctx.bound) | (gradient < 0)), None


def at_least(x: Tensor, bound: float) -> Tensor:
    """max(x, bound). Below the bound the gradient passes only where descent raises x, so that nothing gets stuck."""
    result: Tensor = _AtLeast.apply(x, bound)  # type: ignore[no-untyped-call]
    return result
