"""What a base codec is to everything above it: parts by name, and the forward pass that training needs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cotam.entropy_models.choosing import choose_straight_through
from cotam.entropy_models.gaussian import gaussian_bits
from cotam.entropy_models.passes import PassBlock
from cotam.entropy_models.structure import STRIDE, TABLES, Where
from cotam.models.gains import QualityGains
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


class BaseCodecConfig(Protocol):
    """Sizes that everything above asks for; a codec's own dataclass has more. All of them go into its model file."""

    @property
    def latents(self) -> int:
        """Latent channels M at stride 16."""

    @property
    def hyper(self) -> int:
        """Hyper-latent channels Z at stride 64."""

    @property
    def nodes(self) -> int:
        """Nodes K over which quality is interpolated."""


class Context(Protocol):
    """The exact networks between the hyperprior's features and the latents' distributions."""

    def prior_features(self, features: Tensor, hats: Tensor) -> Tensor:
        """What all passes share, of features and quality hats in activation units."""

    def run(self, prior: Tensor, like: Tensor, code: Callable[[list[PassBlock]], list[Tensor]]) -> Tensor:
        """Go through the passes; see `QuadtreeContext.run`."""

    def passes(self) -> Iterator[list[Where]]:
        """Where the blocks of each pass lie, in coding order; small pictures may lack some of them."""


class BaseCodec(nn.Module):
    """All networks of a base codec. Pictures are float (N, 3, H, W) with samples in -0.5..0.5.

    A subclass makes the parts below in its constructor, which takes its config alone, and says how its hyper-latents
    are distributed. Hyper-synthesis and context are of layers that `cotam.ops.fixed_point.to_integers` converts.
    """

    architecture: ClassVar[str]
    """What its model files call it."""
    config_type: ClassVar[type]
    """The frozen dataclass of its sizes; raises ValueError at impossible ones."""
    named_sizes: ClassVar[Mapping[str, Any]]
    """Sizes that have a name; `cotam train codec --model` takes it."""
    stride: ClassVar[int] = STRIDE
    """Pixels per latent position and axis: level maps, adapters and the format count on 16."""
    config: Any
    """Sizes, a frozen dataclass with what `BaseCodecConfig` asks for."""
    analysis: nn.Module
    """Pictures (N, 3, 16h, 16w) to latents y (N, M, h, w)."""
    synthesis: nn.Module
    """Latents (N, M, h, w) and quality hats (N, K, h, w) in 0..1 to pictures."""
    gains: QualityGains
    """How finely each latent channel is quantised."""
    hyper_analysis: nn.Module
    """Gained latents and integer hats to hyper-latents z (N, Z, ⌈h/4⌉, ⌈w/4⌉)."""
    hyper_synthesis: nn.Module
    """Exact: hyper-latents in activation units to features at stride 16."""
    context: Context
    """Exact: see there."""

    @property
    def more_tables(self) -> int:
        """Frequency tables beside the Gaussian ones, which have the indexes from `TABLES` upwards."""
        return 0

    def assumed_frequencies(self) -> list[np.ndarray]:
        """What training assumes of the tables of `more_tables`: integers as `quantise_probabilities` makes them."""
        return []

    def hyper_symbols(self, y: Tensor, hats: Tensor) -> Tensor:
        """What becomes the symbols of hyper-latents once it is rounded, (N, Z, ⌈h/4⌉, ⌈w/4⌉).

        Args:
            y: gained latents, (N, M, h, w).
            hats: quality hats of their cells, int64 (N, K, h, w).
        """
        return self.hyper_analysis(y, hats)

    def hyper_features(self, symbols: Tensor) -> Tensor:
        """Features of symbols, (N, C, 4 · rows, 4 · columns); both in activation units."""
        return self.hyper_synthesis(symbols)

    def hyper_indexes(self, hats: Tensor) -> Tensor:
        """Table index of each hyper-latent channel, exact: base hats (N, K, 1, 1) to int64 (N or 1, Z, 1, 1)."""
        raise NotImplementedError

    def hyper_bits(self, z: Tensor, hats: Tensor) -> Tensor:
        """Bits of noisy or rounded hyper-latents (N, Z, h, w), with gradient, given the base hats (N, K, 1, 1)."""
        raise NotImplementedError

    def equalise(self, run: Callable[[], object]) -> None:
        """Scale the entropy networks, without changing what they compute, so that 16 bits hold their activations.

        Args:
            run: codes typical pictures with this network in its float form.
        """

    def to_integers(self) -> Self:
        """Convert the networks that the entropy decoder depends on to their integer form, in place, for good."""
        to_integers(self.hyper_synthesis)
        assert isinstance(self.context, nn.Module)
        to_integers(self.context)
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
        """Code pictures as training sees it: noise for the rate, and for everything else what an encoder would choose.

        Args:
            x: pictures, float32 (N, 3, H, W), H and W multiples of 64.
            steps: quality step of each latent position, int64 (N, H/16, W/16).
            base_steps: quality step of each picture, int64 (N,), without its level map.
            generator: source of the noise.
            rounded: round plainly, and price the rounded symbols instead of noisy ones.
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
        choose = round_plainly if rounded else choose_straight_through
        hats = quality_hats(steps, self.config.nodes)
        y = self.analysis(x.contiguous(memory_format=torch.channels_last)).float()
        with torch.autocast(x.device.type, enabled=False):
            gain, inverse = self.gains(hats)
            y = y * gain
            z = self.hyper_symbols(y, hats)
            y_hat, latent_bits, hyper_bits = self._code(y, z, hats, base_steps, disturb, choose)
            return TrainingLatents(y_hat * inverse, latent_bits, hyper_bits)

    def reconstruct(self, y_hat: Tensor, steps: Tensor) -> Tensor:
        """Make pictures, float32 (N, 3, H, W), not clipped, of latents and the quality step of each position."""
        hats = quality_hats(steps, self.config.nodes) / HAT_ONE
        return self.synthesis(y_hat.contiguous(memory_format=torch.channels_last), hats).float()

    def pixels(self, y_hat: Tensor, steps: Tensor) -> Tensor:
        """Make pictures for the eye, uint8 (N, 3, H, W); arguments as in `reconstruct`."""
        return to_bytes(self.reconstruct(y_hat, steps))

    def _code(
        self,
        y: Tensor,
        z: Tensor,
        hats: Tensor,
        base_steps: Tensor,
        disturb: Callable[[Tensor], Tensor],
        choose: Callable[[Tensor, Tensor], Tensor],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Latents of the symbols that are chosen, and the bits of latents and hyper-latents, of disturbed ones."""
        hyper_bits = self.hyper_bits(disturb(z), quality_hats(base_steps.view(-1, 1, 1), self.config.nodes))
        features = self.hyper_features(saturate(round_straight_through(z)))
        prior = self.context.prior_features(features[..., : y.shape[-2], : y.shape[-1]], hats / HAT_ONE)
        bits = torch.zeros_like(y)

        def code(blocks: list[PassBlock]) -> list[Tensor]:
            rests = [y[block.where] - block.means for block in blocks]
            for block, rest in zip(blocks, rests, strict=True):
                bits[block.where] = gaussian_bits(disturb(rest), block.indexes)
            return [
                block.means + choose(rest, block.indexes) for block, rest in zip(blocks, rests, strict=True)
            ]

        return self.context.run(prior, y, code), bits, hyper_bits


def round_plainly(rest: Tensor, index: Tensor) -> Tensor:
    """Nearest symbols, whatever they cost."""
    return round_straight_through(rest)


def table_count(network: BaseCodec) -> int:
    """Number of frequency tables of a codec, the placeholder of index 0 included."""
    return TABLES + network.more_tables


def pad_to_stride(x: Tensor, stride: int = STRIDE) -> Tensor:
    """Repeat the last row and column until both sides are multiples of ``stride``."""
    below, right = (-side % stride for side in x.shape[-2:])
    return F.pad(x, (0, right, 0, below), mode="replicate") if below or right else x


def to_bytes(samples: Tensor) -> Tensor:
    """Round samples in -0.5..0.5, float of any precision, to uint8; they may be overwritten."""
    return samples.float().add_(0.5).mul_(255).round_().clamp_(0, 255).to(torch.uint8)
