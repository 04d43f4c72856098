"""The quality scale: one number from 1 to 100 that stands for the rate–distortion trade-off.

Quality is log-linear in the Lagrangian ``lmbda`` of  L = R + lmbda · 255² · MSE  (R in bits per pixel, MSE on
samples in 0..1). In a stream and in every network it is an integer number of *steps* of 1/8, so that encoder and
decoder see exactly the same value; networks see it through integer "hat" functions over a few nodes.
"""

import torch
from torch import Tensor

from cotam.ops.quality_scale import HAT_ONE, MAX_STEP, MIN_STEP

MIN_LMBDA, MAX_LMBDA = 2e-4, 0.16


def lmbda_of_step(step: Tensor) -> Tensor:
    """Lagrangian of each quality step: float32, same shape, in ``MIN_LMBDA``..``MAX_LMBDA``."""
    share = (step.to(torch.float32) - MIN_STEP) / (MAX_STEP - MIN_STEP)
    return MIN_LMBDA * (MAX_LMBDA / MIN_LMBDA) ** share


def quality_hats(step: Tensor, nodes: int) -> Tensor:
    """Integer piecewise-linear interpolation weights of quality steps over equally spaced nodes.

    Args:
        step: integer steps, (N, H, W), in 8..800.
        nodes: number K of nodes; node 0 stands at quality 1, node K-1 at quality 100.

    Returns:
        int64, (N, K, H, W); at most two neighbouring nodes are not zero and they sum to ``HAT_ONE``.
    """
    position = (step.to(torch.int64) - MIN_STEP) * ((nodes - 1) * HAT_ONE)
    position = torch.div(
        position * 2 + (MAX_STEP - MIN_STEP), 2 * (MAX_STEP - MIN_STEP), rounding_mode="floor"
    )
    centres = torch.arange(nodes, device=step.device).view(1, -1, 1, 1) * HAT_ONE
    return (HAT_ONE - (position.unsqueeze(1) - centres).abs()).clamp_min(0)


def shift_steps(base: int, levels: Tensor, strength_steps: int) -> Tensor:
    """Quality step of each cell: the picture's step moved by ``level · strength``, kept inside 8..800.

    Args:
        base: the picture's own step.
        levels: integer level of each cell, any shape; 0 keeps the base.
        strength_steps: steps per level.
    """
    return (base + levels.to(torch.int64) * strength_steps).clamp(MIN_STEP, MAX_STEP)
