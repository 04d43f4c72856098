"""The networks of predicted frames as one module, beside the base model whose latents they code."""

from torch import nn

from cotam.entropy_models.hyperprior import HyperScales, HyperSynthesis, IntegerHyperScales
from cotam.entropy_models.temporal import TemporalContext
from cotam.models.cotam_s import CotamS, CotamSConfig
from cotam.models.gain_scale import GainScale
from cotam.ops.fixed_point import to_integers

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
