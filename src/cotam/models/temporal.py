"""The networks of predicted frames as one module, beside the base model whose latents they code."""

import math

import torch
from torch import Tensor, nn

from cotam.entropy_models.hyperprior import HyperScales, HyperSynthesis, IntegerHyperScales
from cotam.entropy_models.temporal import TemporalContext
from cotam.models.cotam_s import CotamS, CotamSConfig
from cotam.ops.fixed_point import to_integers
from cotam.ops.quality import HAT_ONE

LOG_BITS = 16
"""Logarithms of gains are stored in units of 2^-16."""
EXP_BITS = 10
"""Powers of two are tabulated at multiples of 2^-10, in units of 2^-16."""
MAX_OCTAVES = 12
"""Gains of two frames differ by at most 2^±12."""
MAX_REFERENCE = 1 << 23
"""Largest magnitude of a reference in units of 2^-8: however many frames follow each other, nothing grows further."""


class GainScale(nn.Module):
    """Moves latents from one frame's gains to another's, in exact integers.

    The gains themselves are floating point. Here their logarithms are integers, stored with the weights.

    Args:
        channels: latent channels M.
        nodes: quality nodes K.
    """

    log_gain: Tensor
    exp2: Tensor

    def __init__(self, channels: int, nodes: int) -> None:
        super().__init__()
        self.register_buffer("log_gain", torch.zeros(nodes, channels, dtype=torch.int32))
        table = [round(2 ** (LOG_BITS + n / (1 << EXP_BITS))) for n in range(1 << EXP_BITS)]
        self.register_buffer("exp2", torch.tensor(table, dtype=torch.int32))

    def take_from(self, base: CotamS) -> None:
        """Store the gains of a base model."""
        logs = base.gains.log_gains().detach().double() / math.log(2)
        self.log_gain.copy_(torch.floor(logs * (1 << LOG_BITS) + 0.5))

    def forward(self, values: Tensor, old: Tensor, new: Tensor) -> Tensor:
        """Rescale integers.

        Args:
            values: latents in units of 2^-8, integer-valued float64 (N, M, H, W).
            old: quality hats of their cells, int64 (N, K, H, W).
            new: quality hats that are wanted, likewise.

        Returns:
            The same latents at the new gains, rounded half up, within ±`MAX_REFERENCE`.
        """
        values = values.clamp(-MAX_REFERENCE, MAX_REFERENCE)
        if torch.equal(old, new):
            return values
        rise = torch.einsum("nkhw,km->nmhw", (new - old).double(), self.log_gain.double())
        step = HAT_ONE << (LOG_BITS - EXP_BITS)
        power = torch.div(rise + step // 2, step, rounding_mode="floor").to(torch.int64)
        octave = (power >> EXP_BITS).clamp(-MAX_OCTAVES, MAX_OCTAVES)
        mantissa = self.exp2.to(torch.int64)[power & ((1 << EXP_BITS) - 1)]
        factor = (mantissa << (octave + MAX_OCTAVES)).double() / (1 << (LOG_BITS + MAX_OCTAVES))
        return torch.floor(values * factor + 0.5).clamp_(-MAX_REFERENCE, MAX_REFERENCE)


class TemporalNetworks(nn.Module):
    """What codes predicted frames: hyperprior, context and the integer gains of a base model.

    Args:
        config: sizes of the base model.
    """

    def __init__(self, config: CotamSConfig) -> None:
        super().__init__()
        c = self.config = config
        self.hyper_synthesis = HyperSynthesis(c.hyper, c.hyper_hidden, c.features)
        self.hyper_scales: HyperScales | IntegerHyperScales = HyperScales(c.hyper, c.nodes)
        self.context = TemporalContext(c.latents, c.features, c.nodes, c.context)
        self.scale = GainScale(c.latents, c.nodes)

    @classmethod
    def beginning_with(cls, base: CotamS) -> "TemporalNetworks":
        """Float networks that code differences just as ``base``, in float form, codes pictures."""
        networks = cls(base.config)
        networks.hyper_synthesis.load_state_dict(base.hyper_synthesis.state_dict())
        networks.hyper_scales.load_state_dict(base.hyper_scales.state_dict())
        weights = networks.context.state_dict()
        for name, tensor in base.context.state_dict().items():
            if name.startswith("heads."):
                weights[name].zero_()[: len(tensor)] = tensor
            else:
                weights[name] = tensor
        networks.context.load_state_dict(weights)
        networks.scale.take_from(base)
        return networks

    def to_integers(self) -> "TemporalNetworks":
        """Convert to the integer form, in place, for good."""
        to_integers(self)
        if isinstance(self.hyper_scales, HyperScales):
            self.hyper_scales = self.hyper_scales.to_integers()
        return self.requires_grad_(False).eval()
