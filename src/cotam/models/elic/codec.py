"""ELIC, the base codec of both papers (He et al., CVPR 2022), with gains for every quality.

The default sizes are those of the public checkpoints that Bridge builds on: each group of channels sees the first
group and the one before it, and the parameter networks are 640 and 512 wide.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from cotam.entropy_models.structure import TABLES
from cotam.models.base_codec import BaseCodec
from cotam.models.elic.checkerboard import ContextSizes, SpaceChannelContext
from cotam.models.elic.equalising import equalise
from cotam.models.elic.factorised import FactorisedPrior
from cotam.models.elic.hyperprior import DenseHyperAnalysis, dense_hyper_synthesis
from cotam.models.elic.relu_chain import ReluChain
from cotam.models.elic.transforms import ElicAnalysis, ElicSynthesis
from cotam.models.gains import QualityGains
from cotam.ops.fixed_point import saturate
from cotam.ops.integers import ONE

MAX_SIZE = 4096
MAX_GROUPS = 32
MAX_HYPER_CHANNELS = 192
"""Each hyper-latent channel has a table of its own beside the Gaussian ones, and there are 256 tables at most."""


@dataclass(frozen=True)
class ElicConfig:
    """Sizes of an ELIC model; stored in its weights file."""

    width: int = 192
    """Channels N of the transforms."""
    groups: tuple[int, ...] = (16, 16, 32, 64, 192)
    """Channels of each group of latents, in coding order."""
    hyper: int = 192
    """Hyper-latent channels Z at stride 64."""
    hyper_hidden: int = 288
    """Channels inside the hyper-synthesis."""
    features: int = 640
    """Channels of the hyperprior's features at stride 16."""
    channel_hidden: tuple[int, int] = (224, 128)
    """Channels inside the channel context."""
    parameter_hidden: tuple[int, ...] = (640, 512) * 5
    """Channels inside the parameter networks, two numbers a group."""
    all_groups: bool = False
    """Whether a group sees all groups before it, or the first and the last of them."""
    nodes: int = 8
    """Nodes over which quality is interpolated."""

    def __post_init__(self) -> None:
        """Check the sizes."""
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            sizes = value if isinstance(field.default, tuple) else (value,)
            if not isinstance(sizes, tuple) or not sizes:
                raise ValueError(f"{field.name} must be some numbers, not {value!r}")
            kind = bool if field.name == "all_groups" else int
            if not all(type(size) is kind and (kind is bool or 1 <= size <= MAX_SIZE) for size in sizes):
                raise ValueError(f"{field.name} must be from 1 to {MAX_SIZE}, not {value!r}")
        if self.width < 2 or self.latents < 2:
            raise ValueError("width must be at least 2, and groups 2 together: blocks halve their channels")
        if self.hyper > MAX_HYPER_CHANNELS:
            raise ValueError(f"hyper must be at most {MAX_HYPER_CHANNELS}, not {self.hyper}")
        if len(self.groups) > MAX_GROUPS:
            raise ValueError(f"groups must be {MAX_GROUPS} at most, not {len(self.groups)}")
        if self.latents > MAX_SIZE:
            raise ValueError(f"groups must be from 1 to {MAX_SIZE} together, not {self.latents}")
        if len(self.channel_hidden) != 2 or len(self.parameter_hidden) != 2 * len(self.groups):
            raise ValueError("channel_hidden must be two numbers, parameter_hidden two for each group")
        if self.nodes < 2:
            raise ValueError(f"nodes must be at least 2, not {self.nodes}")

    @property
    def latents(self) -> int:
        """Latent channels M at stride 16."""
        return sum(self.groups)

    @property
    def context(self) -> ContextSizes:
        """Sizes of the context networks."""
        return ContextSizes(
            self.groups, self.features, self.channel_hidden, self.parameter_hidden, self.all_groups
        )


REDUCED = ElicConfig(
    width=64,
    groups=(8, 8, 16, 32, 64),
    hyper=64,
    hyper_hidden=96,
    features=192,
    channel_hidden=(64, 48),
    parameter_hidden=(160, 128) * 5,
)
"""About a ninth of the work: what a CPU can train for a comparison."""


class Elic(BaseCodec):
    """All networks of ELIC. Hyper-latents have a factorised prior, whose tables follow the Gaussian ones."""

    architecture = "elic"
    config_type = ElicConfig
    named_sizes = MappingProxyType({"elic": ElicConfig(), "elic-s": REDUCED})

    def __init__(self, config: ElicConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or ElicConfig()
        self.analysis = ElicAnalysis(c.width, c.latents)
        self.synthesis = ElicSynthesis(c.width, c.latents)
        self.gains = QualityGains(c.latents, c.nodes)
        self.hyper_prior = FactorisedPrior(c.hyper)
        self.hyper_analysis = DenseHyperAnalysis(c.latents, c.hyper)
        self.hyper_synthesis: ReluChain = dense_hyper_synthesis(c.hyper, c.hyper_hidden, c.features)
        self.context: SpaceChannelContext = SpaceChannelContext(c.context)

    @property
    def more_tables(self) -> int:
        """One for each hyper-latent channel."""
        return self.config.hyper

    def assumed_frequencies(self) -> list[np.ndarray]:
        """Those of the factorised prior."""
        return self.hyper_prior.frequencies()

    def hyper_symbols(self, y: Tensor, hats: Tensor) -> Tensor:
        """Hyper-latents minus their medians."""
        return self.hyper_analysis(y, hats) - (self.hyper_prior.medians / ONE).view(-1, 1, 1)

    def hyper_features(self, symbols: Tensor) -> Tensor:
        """The medians come back on top of the symbols, and the sum is kept to 16 bits."""
        medians = self.hyper_prior.medians.view(-1, 1, 1)
        medians = medians if symbols.dtype == torch.float64 else medians / ONE
        return self.hyper_synthesis(saturate(symbols + medians))

    def hyper_indexes(self, hats: Tensor) -> Tensor:
        """Each channel has its own table at all qualities."""
        channels = torch.arange(self.config.hyper, device=hats.device)
        return (TABLES + channels).view(1, -1, 1, 1)

    def hyper_bits(self, z: Tensor, hats: Tensor) -> Tensor:
        """By the factorised prior, at all qualities alike."""
        return self.hyper_prior.bits(z)

    def equalise(self, run: Callable[[], object]) -> None:
        """See `BaseCodec.equalise`; everything between hyper-latents, latents and distributions can be scaled."""
        equalise([*self.hyper_synthesis.links(self.context.readers()), *self.context.links()], run)
