"""The networks of predicted frames as one module, beside the base model whose latents they code."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from cotam.entropy_models.gaussian import gaussian_bits
from cotam.entropy_models.hyperprior import HyperScales, HyperSynthesis, IntegerHyperScales
from cotam.entropy_models.quadtree import PassBlock
from cotam.entropy_models.temporal import SKIP, TemporalContext, coded_hyper_cells
from cotam.models.cotam_s import CotamS
from cotam.models.cotam_s_config import CotamSConfig
from cotam.models.gain_scale import GainScale
from cotam.ops.fixed_point import saturate, to_integers
from cotam.ops.quality_scale import HAT_ONE
from cotam.ops.quantisation import round_straight_through


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

    def forward(
        self,
        rest: Tensor,
        z: Tensor,
        predicted: Tensor,
        modes: Tensor,
        hats: Tensor,
        base_hats: Tensor,
        disturb: Callable[[Tensor], Tensor],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Price differences as training sees it; float form only.

        Args:
            rest: differences to what the modes take over, 0 in cells that are skipped, float32 (N, M, h, w).
            z: hyper-latents of these, (N, Z, ⌈h/4⌉, ⌈w/4⌉).
            predicted: the latents' prediction, (N, M, h, w).
            modes: mode of each cell, int64 (N, h, w).
            hats: quality hats of each cell, int64 (N, K, h, w).
            base_hats: quality hats of each picture, int64 (N, K, 1, 1).
            disturb: noise or rounding, of the symbols that are priced.

        Returns:
            Rounded differences, and the bits of each of them and of each hyper-latent.
        """
        cells = coded_hyper_cells(modes)
        hyper_bits = gaussian_bits(disturb(z), self.hyper_scales(base_hats)) * cells
        features = self.hyper_synthesis(saturate(round_straight_through(z) * cells))
        prior = self.context.prior_features(features[..., : rest.shape[-2], : rest.shape[-1]], hats / HAT_ONE)
        coded = (modes != SKIP)[:, None]
        bits = torch.zeros_like(rest)

        def code(blocks: list[PassBlock]) -> list[Tensor]:
            values = []
            for block in blocks:
                some = coded[block.where[0], :, block.where[2], block.where[3]]
                left = (rest[block.where] - block.means) * some
                bits[block.where] = gaussian_bits(disturb(left), block.indexes) * some
                values.append(block.means + round_straight_through(left))
            return values

        return self.context.run_from(prior, predicted, modes, code), bits, hyper_bits

    def to_integers(self) -> "TemporalNetworks":
        """Convert to the integer form, in place, for good."""
        to_integers(self)
        if isinstance(self.hyper_scales, HyperScales):
            self.hyper_scales = self.hyper_scales.to_integers()
        return self.requires_grad_(False).eval()
