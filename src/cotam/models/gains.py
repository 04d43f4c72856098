"""Quality gains: how finely each latent channel is quantised.

After Cui et al., "Asymmetric gained deep image compression with continuous rate adaptation", CVPR 2021.

Gains grow with quality in every channel. They are stored at a few nodes and interpolated log-linearly; the level map
gives every position its own quality, and so its own gains.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cotam.ops.quality import MAX_LMBDA, MIN_LMBDA
from cotam.ops.quality_scale import HAT_ONE

GAIN_SQUARED_PER_LMBDA = 2500.0
"""High-rate optimum of an orthonormal transform: step² = 12 D with D = 3 / (2 ln 2 · 255² · lmbda)."""


class QualityGains(nn.Module):
    """Gain and inverse gain by channel and quality.

    High-rate theory makes the quantisation step shrink as lmbda^(-1/2); that is where training starts.

    Args:
        channels: latent channels M.
        nodes: quality nodes K.
    """

    def __init__(self, channels: int, nodes: int) -> None:
        super().__init__()
        self.nodes = nodes
        rise = 0.5 * math.log(MAX_LMBDA / MIN_LMBDA) / (nodes - 1)
        self.base = nn.Parameter(torch.full((channels,), 0.5 * math.log(MIN_LMBDA * GAIN_SQUARED_PER_LMBDA)))
        self.rise = nn.Parameter(torch.full((nodes - 1, channels), math.log(math.expm1(rise))))
        self.inverse = nn.Parameter(torch.zeros(nodes, channels))

    def log_gains(self) -> Tensor:
        """Logarithms of the gains at the nodes (K, M): increasing along K."""
        return torch.cat([self.base[None], self.base + torch.cumsum(F.softplus(self.rise), 0)])

    def forward(self, hats: Tensor) -> tuple[Tensor, Tensor]:
        """Quality hats (N, K, H, W) to gains and inverse gains (N, M, H, W), float32.

        The inverse is its own function, exp(inverse) / gain: a decoder may shrink what it reconstructs.
        """
        weights = hats.to(torch.float32) / HAT_ONE
        log_gain = torch.einsum("nkhw,km->nmhw", weights, self.log_gains().float())
        log_inverse = torch.einsum("nkhw,km->nmhw", weights, self.inverse.float()) - log_gain
        return torch.exp(log_gain), torch.exp(log_inverse)
