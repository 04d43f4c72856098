"""A fully factorised prior for hyper-latents: each channel has a learned distribution of its own.

Ballé et al., "Variational image compression with a scale hyperprior", ICLR 2018, appendix 6.1: the cumulative
distribution is a small network that rises in its input. Its numbers have the names and shapes that CompressAI gives
them, without the underscores of its older versions. A stream never depends on this network: a model file stores the
integer tables that it leads to.
"""

import math
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cotam.entropy_coding import quantise_probabilities
from cotam.entropy_models.gaussian import MIN_LIKELIHOOD
from cotam.ops.integers import ONE

WIDTHS = (1, 3, 3, 3, 3, 1)
"""Widths of the network of each channel."""
START_SCALE = 10.0
"""Spread of a new prior."""
MAX_RADIUS = 63
TAIL = 2.0**-20
"""Probability that a table leaves to its escape, unless its radius would grow beyond the largest."""


class FactorisedPrior(nn.Module):
    """Distributions of the symbols round(z - median) of each channel.

    Buffer ``medians`` int32 (Z,) in units of 2^-8: where a channel's symbol 0 lies. They are part of the exact
    networks' input, since the rounded hyper-latent is symbol + median.

    Args:
        channels: hyper-latent channels Z.
    """

    medians: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("medians", torch.zeros(channels, dtype=torch.int32))
        scale = START_SCALE ** (1 / (len(WIDTHS) - 1))
        self.matrices, self.biases, self.factors = nn.ParameterList(), nn.ParameterList(), nn.ParameterList()
        for i, (inputs, outputs) in enumerate(pairwise(WIDTHS)):
            start = math.log(math.expm1(1 / scale / outputs))
            self.matrices.append(nn.Parameter(torch.full((channels, outputs, inputs), start)))
            self.biases.append(nn.Parameter(torch.rand(channels, outputs, 1) - 0.5))
            if i < len(WIDTHS) - 2:
                self.factors.append(nn.Parameter(torch.zeros(channels, outputs, 1)))

    def bits(self, symbols: Tensor) -> Tensor:
        """Ideal cost in bits of rounded or noisy symbols (N, Z, h, w)."""
        n, channels, h, w = symbols.shape
        values = symbols.permute(1, 0, 2, 3).reshape(channels, 1, -1)
        bits = -torch.log2(self._likelihood(values).clamp_min(MIN_LIKELIHOOD))
        return bits.view(channels, n, h, w).permute(1, 0, 2, 3)

    @torch.no_grad()
    def frequencies(self) -> list[np.ndarray]:
        """A table of each channel: integers for the symbols -r to r and the escape."""
        values = torch.arange(-MAX_RADIUS, MAX_RADIUS + 1, device=self.medians.device)
        grid = values.expand(len(self.medians), 1, -1).double()
        return [_table(row) for row in self._likelihood(grid)[:, 0].cpu().numpy()]

    def _likelihood(self, symbols: Tensor) -> Tensor:
        """Probability of symbols (Z, 1, n); computed on the side of the sigmoid where it is accurate."""
        centre = symbols + (self.medians / ONE).view(-1, 1, 1)
        lower, upper = self._logits(centre - 0.5), self._logits(centre + 0.5)
        side = -torch.sign(lower + upper).detach()
        return torch.abs(torch.sigmoid(side * upper) - torch.sigmoid(side * lower))

    def _logits(self, x: Tensor) -> Tensor:
        for i, (matrix, bias) in enumerate(zip(self.matrices, self.biases, strict=True)):
            x = torch.matmul(F.softplus(matrix.to(x.dtype)), x) + bias
            if i < len(self.factors):
                x = x + torch.tanh(self.factors[i]) * torch.tanh(x)
        return x


def _table(probabilities: np.ndarray) -> np.ndarray:
    """Frequencies out of the probabilities of -`MAX_RADIUS` .. `MAX_RADIUS`, cut where the tails are thin."""
    radius = MAX_RADIUS
    while radius > 1 and probabilities[[MAX_RADIUS - radius, MAX_RADIUS + radius]].sum() < TAIL / 2:
        radius -= 1
    inside = probabilities[MAX_RADIUS - radius : MAX_RADIUS + radius + 1]
    return quantise_probabilities(np.append(inside, max(1 - inside.sum(), TAIL / 2)))
