"""The hyperprior (Ballé et al. 2018): a small second set of latents that describes the first.

Analysis runs at the encoder only and is ordinary floating point. Synthesis runs on both sides and is exact. The
hyper-latents themselves are coded with zero-mean Gaussians whose table index depends on channel and quality.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cotam.entropy_models.structure import HYPER_STRIDE, TABLES
from cotam.ops.fixed_point import FixedConv, leaky_relu
from cotam.ops.integers import ONE
from cotam.ops.pointwise import Pointwise
from cotam.ops.quality_scale import HAT_ONE

START_INDEX = 16.0
INDEX_PER_PACE = 16.0
"""Indexes are learned in this unit, so that an optimiser's step moves them as far as it should."""


class HyperAnalysis(nn.Module):
    """h_a: gained latents (N, M, H, W) and quality hats (N, K, H, W) to hyper-latents (N, Z, ⌈H/4⌉, ⌈W/4⌉)."""

    def __init__(self, latents: int, nodes: int, hidden: int, hyper: int) -> None:
        super().__init__()
        self.enter = Pointwise(latents + nodes, hidden)
        self.spread = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)
        self.down = Pointwise(4 * hidden, 2 * hidden)
        self.mix = nn.Conv2d(2 * hidden, 2 * hidden, 3, padding=1, groups=2 * hidden)
        self.leave = Pointwise(8 * hidden, hyper)

    def forward(self, y: Tensor, hats: Tensor) -> Tensor:
        """Describe the latents; asinh tames the range that they span from quality 1 to 100."""
        x = torch.cat([_asinh(y), hats.to(y.dtype) / HAT_ONE], 1)
        below, right = (-side % HYPER_STRIDE for side in x.shape[-2:])
        if below or right:
            x = F.pad(x, (0, right, 0, below), mode="replicate")
        x = self.spread(F.leaky_relu(self.enter(x), 0.1))
        x = F.leaky_relu(self.down.of_cells(x, 2), 0.1)
        return self.leave.of_cells(F.leaky_relu(x + self.mix(x), 0.1), 2)


def _asinh(x: Tensor) -> Tensor:
    """The inverse hyperbolic sine to 1e-6; PyTorch's own, which alone has a gradient at 0, takes six times as long."""
    if x.requires_grad:
        return torch.asinh(x)
    return torch.log(x.abs() + torch.sqrt(x * x + 1)).copysign(x)


class HyperSynthesis(nn.Module):
    """h_s, exact: hyper-latents (N, Z, h, w) to features (N, C, 4h, 4w)."""

    def __init__(self, hyper: int, hidden: int, features: int) -> None:
        super().__init__()
        self.enter = FixedConv(hyper, hidden)
        self.spread = FixedConv(hidden, hidden, depthwise=True)
        self.up = FixedConv(hidden, 4 * features)
        self.mix = FixedConv(features, features, depthwise=True)
        self.leave = FixedConv(features, 4 * features)

    def forward(self, z: Tensor) -> Tensor:
        """Expand hyper-latents; ``z`` in activation units (float form: plain; integer form: times 256)."""
        x = self.spread(leaky_relu(self.enter(z)))
        x = leaky_relu(F.pixel_shuffle(self.up(leaky_relu(x)), 2))
        return leaky_relu(F.pixel_shuffle(self.leave(leaky_relu(self.mix(x))), 2))


class HyperScales(nn.Module):
    """Table index of each hyper-latent, by channel and quality, interpolated over the quality nodes."""

    def __init__(self, hyper: int, nodes: int) -> None:
        super().__init__()
        self.pace = nn.Parameter(torch.full((nodes, hyper), START_INDEX / INDEX_PER_PACE))

    @property
    def index(self) -> Tensor:
        """Real table indexes (K, Z)."""
        return self.pace * INDEX_PER_PACE

    def forward(self, hats: Tensor) -> Tensor:
        """Float form: hats (N, K, 1, 1) to real indexes (N, Z, 1, 1)."""
        weights = hats.to(self.pace.dtype)[:, :, 0, 0] / HAT_ONE
        return (weights @ self.index)[:, :, None, None]

    def to_integers(self) -> "IntegerHyperScales":
        """Return the integer form of this table."""
        layer = IntegerHyperScales(self.pace.shape[1], self.pace.shape[0])
        layer.index.copy_(torch.floor(self.index.detach().to(torch.float64) * ONE + 0.5))
        return layer


class IntegerHyperScales(nn.Module):
    """The integer form of `HyperScales`: buffer ``index`` int32 (K, Z) in units of 2^-8."""

    index: Tensor

    def __init__(self, hyper: int, nodes: int) -> None:
        super().__init__()
        self.register_buffer("index", torch.zeros(nodes, hyper, dtype=torch.int32))

    def float_state(self) -> dict[str, Tensor]:
        """The state of a `HyperScales` that converts to this table."""
        return {"pace": self.index / (ONE * INDEX_PER_PACE)}

    def forward(self, hats: Tensor) -> Tensor:
        """Hats int64 (N, K, 1, 1) to table indexes int64 (N, Z, 1, 1), at least 1: hyper-latents are all coded."""
        total = (hats.to(torch.int64)[:, :, 0, 0, None] * self.index.to(torch.int64)).sum(1)
        unit = HAT_ONE * ONE
        index = torch.div(total + unit // 2, unit, rounding_mode="floor")
        return index.clamp(1, TABLES - 1)[:, :, None, None]
