"""Gains in exact integers, to move decoded latents from one frame's scale to another's."""

import math

import torch
from torch import Tensor, nn

from cotam.models.cotam_s import CotamS
from cotam.ops.quality_scale import HAT_ONE

LOG_BITS = 16
"""Logarithms of gains are stored in units of 2^-16."""
EXP_BITS = 10
"""Powers of two are tabulated at multiples of 2^-10, in units of 2^-16."""
MAX_OCTAVES = 16
"""Factors are kept within 2^±16."""
MAX_REFERENCE = 1 << 23
"""Largest magnitude of what is taken from the frame before: however many frames follow, nothing grows further."""


class GainScale(nn.Module):
    """Gains and inverse gains as integers: their logarithms, stored with the weights.

    The base model's own are floating point.

    Args:
        channels: latent channels M.
        nodes: quality nodes K.
    """

    log_gain: Tensor
    log_inverse: Tensor
    exp2: Tensor

    def __init__(self, channels: int, nodes: int) -> None:
        super().__init__()
        for name in ("log_gain", "log_inverse"):
            self.register_buffer(name, torch.zeros(nodes, channels, dtype=torch.int32))
        table = [round(2 ** (LOG_BITS + n / (1 << EXP_BITS))) for n in range(1 << EXP_BITS)]
        self.register_buffer("exp2", torch.tensor(table, dtype=torch.int32))

    def take_from(self, base: CotamS) -> None:
        """Store the gains of a base model."""
        logs = base.gains.log_gains().detach().double()
        self.log_gain.copy_(_in_octaves(logs))
        self.log_inverse.copy_(_in_octaves(base.gains.inverse.detach().double() - logs))

    def is_exact(self) -> bool:
        """Whether all stored numbers are in the range that keeps every product below 2^53."""
        logs, limit = torch.stack([self.log_gain, self.log_inverse]), MAX_OCTAVES << LOG_BITS
        bounded = -limit <= int(logs.min()) and int(logs.max()) <= limit  # the least integer has no magnitude
        return bounded and int(self.exp2.min()) > 0 and int(self.exp2.max()) < 2 << LOG_BITS

    def moved(self, values: Tensor, old: Tensor, new: Tensor) -> Tensor:
        """Move latents from the gains of one frame to those of another.

        Args:
            values: in units of 2^-8, integer-valued float64 (N, M, H, W).
            old: quality hats of their cells, int64 (N, K, H, W).
            new: quality hats that are wanted, likewise.

        Returns:
            Integers of the same shape, rounded half up, within ±`MAX_REFERENCE`.
        """
        values = values.clamp(-MAX_REFERENCE, MAX_REFERENCE)
        if torch.equal(old, new):
            return values
        return self._times(values, self._logs(new - old, self.log_gain))

    def plain(self, values: Tensor, hats: Tensor, octaves: int) -> Tensor:
        """Latents without gains, in units of 2^-(8 + octaves); arguments and result as in `moved`."""
        values = values.clamp(-MAX_REFERENCE, MAX_REFERENCE)
        return self._times(values, self._logs(hats, self.log_inverse), octaves)

    def gained(self, values: Tensor, hats: Tensor, octaves: int) -> Tensor:
        """Latents with gains in units of 2^-8, of plain ones in units of 2^-(8 + octaves)."""
        return self._times(values, self._logs(hats, self.log_gain), -octaves)

    @staticmethod
    def _logs(hats: Tensor, logs: Tensor) -> Tensor:
        return torch.einsum("nkhw,km->nmhw", hats.double(), logs.double())

    def _times(self, values: Tensor, rise: Tensor, octaves: int = 0) -> Tensor:
        """Multiply integers by 2^(octaves + rise), rise in units of 2^-24."""
        step = HAT_ONE << (LOG_BITS - EXP_BITS)
        power = torch.div(rise + step // 2, step, rounding_mode="floor").to(torch.int64)
        octave = ((power >> EXP_BITS) + octaves).clamp(-MAX_OCTAVES, MAX_OCTAVES)
        mantissa = self.exp2.to(torch.int64)[power & ((1 << EXP_BITS) - 1)]
        factor = (mantissa << (octave + MAX_OCTAVES)).double() / (1 << (LOG_BITS + MAX_OCTAVES))
        return torch.floor(values * factor + 0.5).clamp_(-MAX_REFERENCE, MAX_REFERENCE)


def _in_octaves(logs: Tensor) -> Tensor:
    return torch.floor(logs / math.log(2) * (1 << LOG_BITS) + 0.5)
