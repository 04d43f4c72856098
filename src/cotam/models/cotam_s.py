"""``cotam-s``, the project's own light base codec: its parts."""

from types import MappingProxyType
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

from cotam.entropy_models.gaussian import gaussian_bits
from cotam.entropy_models.hyperprior import HyperAnalysis, HyperScales, HyperSynthesis, IntegerHyperScales
from cotam.entropy_models.quadtree import QuadtreeContext
from cotam.models.base_codec import BaseCodec, to_bytes
from cotam.models.cotam_s_config import PATCH, CotamSConfig
from cotam.models.gains import QualityGains
from cotam.models.transforms import Analysis, Synthesis
from cotam.ops.quality import quality_hats
from cotam.ops.quality_scale import HAT_ONE


class CotamS(BaseCodec):
    """All networks of ``cotam-s``."""

    architecture = "cotam-s"
    config_type = CotamSConfig
    named_sizes = MappingProxyType({"cotam-s": CotamSConfig()})
    analysis: Analysis
    synthesis: Synthesis
    context: QuadtreeContext

    def __init__(self, config: CotamSConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or CotamSConfig()
        self.analysis = Analysis(c.wide, c.deep, c.analysis_blocks, c.latents)
        self.synthesis = Synthesis(c.wide, c.deep, c.synthesis_blocks, c.latents, c.nodes)
        self.gains = QualityGains(c.latents, c.nodes)
        self.hyper_analysis = HyperAnalysis(c.latents, c.nodes, c.hyper_hidden, c.hyper)
        self.hyper_synthesis = HyperSynthesis(c.hyper, c.hyper_hidden, c.features)
        self.hyper_scales: HyperScales | IntegerHyperScales = HyperScales(c.hyper, c.nodes)
        self.context = QuadtreeContext(c.latents, c.features, c.nodes, c.context)

    def pixels(self, y_hat: Tensor, steps: Tensor) -> Tensor:
        """See `BaseCodec.pixels`; the last pixel-shuffle moves bytes, a quarter of what it would move of floats."""
        hats = quality_hats(steps, self.config.nodes) / HAT_ONE
        patches = self.synthesis.patches(y_hat.contiguous(memory_format=torch.channels_last), hats)
        return F.pixel_shuffle(to_bytes(patches), PATCH)

    def hyper_indexes(self, hats: Tensor) -> Tensor:
        """By channel and quality, interpolated over the nodes."""
        return self.hyper_scales(hats)

    def hyper_bits(self, z: Tensor, hats: Tensor) -> Tensor:
        """Zero-mean Gaussians."""
        return gaussian_bits(z, self.hyper_scales(hats))

    def to_integers(self) -> Self:
        """See `BaseCodec.to_integers`; the scales of the hyper-latents become integers too."""
        if isinstance(self.hyper_scales, HyperScales):
            self.hyper_scales = self.hyper_scales.to_integers()
        return super().to_integers()
