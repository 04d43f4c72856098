"""``cotam-s``, the project's own light base codec: its sizes and parts."""

import dataclasses
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from torch import Tensor

from cotam.entropy_models.gaussian import gaussian_bits
from cotam.entropy_models.hyperprior import HyperAnalysis, HyperScales, HyperSynthesis, IntegerHyperScales
from cotam.entropy_models.quadtree import QuadtreeContext
from cotam.models.base_codec import BaseCodec
from cotam.models.gains import QualityGains
from cotam.models.transforms import CELL_SAMPLES, Analysis, Synthesis


@dataclass(frozen=True)
class CotamSConfig:
    """Sizes of a ``cotam-s`` model; stored in its weights file."""

    latents: int = 256
    """Latent channels M at stride 16, a multiple of 4."""
    hyper: int = 96
    """Hyper-latent channels Z at stride 64."""
    wide: int = 128
    """Channels of the transforms at 1/8 resolution."""
    deep: int = 256
    """Channels of the transforms at 1/16 resolution."""
    analysis_blocks: tuple[int, int] = (3, 5)
    """Blocks of the analysis at 1/8 and at 1/16."""
    synthesis_blocks: tuple[int, int] = (5, 7)
    """Blocks of the synthesis at 1/16 and at 1/8."""
    hyper_hidden: int = 128
    """Channels inside the hyperprior."""
    features: int = 128
    """Channels of the hyperprior's features at stride 16."""
    context: int = 192
    """Channels of the context networks."""
    nodes: int = 8
    """Nodes over which quality is interpolated."""

    def __post_init__(self) -> None:
        """Check the sizes."""
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            pair = isinstance(field.default, tuple)
            sizes = value if pair else (value,)
            if not isinstance(sizes, tuple) or len(sizes) != (2 if pair else 1):
                raise ValueError(f"{field.name} must be two numbers, not {value!r}")
            if not all(isinstance(size, int) and 1 <= size <= 4096 for size in sizes):
                raise ValueError(f"{field.name} must be from 1 to 4096, not {value!r}")
        if self.latents % 4 or self.latents > CELL_SAMPLES:
            raise ValueError(f"latents must be a multiple of 4, at most {CELL_SAMPLES}, not {self.latents}")
        if self.nodes < 2:
            raise ValueError(f"nodes must be at least 2, not {self.nodes}")


class CotamS(BaseCodec):
    """All networks of ``cotam-s``."""

    architecture = "cotam-s"
    config_type = CotamSConfig
    named_sizes = MappingProxyType({"cotam-s": CotamSConfig()})

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
