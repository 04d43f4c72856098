"""``cotam-s``, the project's own light base codec: its parts, and the forward pass that training needs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cotam.entropy_models.gaussian import gaussian_bits
from cotam.entropy_models.hyperprior import HyperAnalysis, HyperScales, HyperSynthesis, IntegerHyperScales
from cotam.entropy_models.quadtree import PassBlock, QuadtreeContext
from cotam.models.cotam_s_config import STRIDE, CotamSConfig
from cotam.models.gains import QualityGains
from cotam.models.transforms import Analysis, Synthesis
from cotam.ops.fixed_point import saturate, to_integers
from cotam.ops.quality import quality_hats
from cotam.ops.quality_scale import HAT_ONE
from cotam.ops.quantisation import add_uniform_noise, round_straight_through


@dataclass(frozen=True)
class TrainingLatents:
    """Rounded latents ``y_hat`` (N, M, H/16, W/16) on the analysis transform's scale, and the bits of everything."""

    y_hat: Tensor
    latent_bits: Tensor
    hyper_bits: Tensor


@dataclass(frozen=True)
class TrainingOutput:
    """What one training pass yields: ``x_hat`` (N, 3, H, W) and the bits of every latent and hyper-latent."""

    x_hat: Tensor
    latent_bits: Tensor
    hyper_bits: Tensor


class CotamS(nn.Module):
    """All networks of ``cotam-s``. Pictures are float (N, 3, H, W) with samples in -0.5..0.5."""

    stride = STRIDE

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

    def to_integers(self) -> "CotamS":
        """Convert the networks that the entropy decoder depends on to their integer form, in place, for good."""
        to_integers(self.hyper_synthesis)
        to_integers(self.context)
        if isinstance(self.hyper_scales, HyperScales):
            self.hyper_scales = self.hyper_scales.to_integers()
        return self.requires_grad_(False).eval()

    def forward(
        self,
        x: Tensor,
        steps: Tensor,
        base_steps: Tensor,
        generator: torch.Generator | None = None,
        *,
        rounded: bool = False,
    ) -> TrainingOutput:
        """Code pictures as training sees it: noise for the rate, straight-through rounding for everything else.

        Args:
            x: pictures, float32 (N, 3, H, W), H and W multiples of 64.
            steps: quality step of each latent position, int64 (N, H/16, W/16).
            base_steps: quality step of each picture, int64 (N,), without its level map.
            generator: source of the noise.
            rounded: price the rounded symbols instead of noisy ones, as a real coder would.
        """
        coded = self.code(x, steps, base_steps, generator, rounded=rounded)
        return TrainingOutput(self.reconstruct(coded.y_hat, steps), coded.latent_bits, coded.hyper_bits)

    def code(
        self,
        x: Tensor,
        steps: Tensor,
        base_steps: Tensor,
        generator: torch.Generator | None = None,
        *,
        rounded: bool = False,
    ) -> TrainingLatents:
        """Code pictures as far as the latents; arguments as in `forward`."""
        disturb = round_straight_through if rounded else partial(add_uniform_noise, generator=generator)
        hats = quality_hats(steps, self.config.nodes)
        y = self.analysis(x.contiguous(memory_format=torch.channels_last)).float()
        with torch.autocast(x.device.type, enabled=False):
            gain, inverse = self.gains(hats)
            y = y * gain
            z = self.hyper_analysis(y, hats)
            y_hat, latent_bits, hyper_bits = self._code(y, z, hats, base_steps, disturb)
            return TrainingLatents(y_hat * inverse, latent_bits, hyper_bits)

    def reconstruct(self, y_hat: Tensor, steps: Tensor) -> Tensor:
        """Make pictures, float32 (N, 3, H, W), not clipped, of latents and the quality step of each position."""
        hats = quality_hats(steps, self.config.nodes) / HAT_ONE
        return self.synthesis(y_hat.contiguous(memory_format=torch.channels_last), hats).float()

    def _code(
        self, y: Tensor, z: Tensor, hats: Tensor, base_steps: Tensor, disturb: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Rounded latents, and the bits of latents and hyper-latents."""
        base_hats = quality_hats(base_steps.view(-1, 1, 1), self.config.nodes)
        hyper_bits = gaussian_bits(disturb(z), self.hyper_scales(base_hats))
        features = self.hyper_synthesis(saturate(round_straight_through(z)))
        prior = self.context.prior_features(features[..., : y.shape[-2], : y.shape[-1]], hats / HAT_ONE)
        bits = torch.zeros_like(y)

        def code(blocks: list[PassBlock]) -> list[Tensor]:
            rests = [y[block.where] - block.means for block in blocks]
            for block, rest in zip(blocks, rests, strict=True):
                bits[block.where] = gaussian_bits(disturb(rest), block.indexes)
            return [
                block.means + round_straight_through(rest) for block, rest in zip(blocks, rests, strict=True)
            ]

        return self.context.run(prior, y, code), bits, hyper_bits


def pad_to_stride(x: Tensor, stride: int = STRIDE) -> Tensor:
    """Repeat the last row and column until both sides are multiples of ``stride``."""
    below, right = (-side % stride for side in x.shape[-2:])
    return F.pad(x, (0, right, 0, below), mode="replicate") if below or right else x
