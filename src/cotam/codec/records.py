"""What lies between a picture and its stream, and between the stream and what is made of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from torch import Tensor

from cotam.codec.level_map import LevelMap
from cotam.images import LoadedImage


@dataclass(frozen=True)
class Analysis:
    """A picture after the analysis transform: all that is needed to encode it at any rate."""

    y: Tensor
    """Latents before gains, float32 (M, h, w)."""
    source: LoadedImage
    """The picture."""


@dataclass(frozen=True)
class Encoded:
    """A stream, and what its symbols would cost an ideal coder."""

    data: bytes
    """The stream."""
    price: Callable[[], float] = field(repr=False, compare=False)
    """Adds up `ideal_bits`."""

    @cached_property
    def ideal_bits(self) -> float:
        """-log2 of the probability of all latents and hyper-latents, added up when first asked for."""
        return self.price()


@dataclass(frozen=True)
class LatentImage:
    """A decoded stream before synthesis: what machines read."""

    y_hat: Tensor
    """Reconstructed latents on the analysis transform's scale, float32 (M, h, w)."""
    latents: Tensor
    """The coded values themselves in units of 2^-8, int64 (M, h, w): identical on every machine."""
    steps: Tensor
    """Quality step (1/8) of each cell, int64 (h, w)."""
    width: int
    """Pixels of the picture."""
    height: int
    """Pixels of the picture."""
    grey: bool
    """Whether it decodes to a grey picture."""
    quality: float
    """Base quality, 1 to 100."""
    level_map: LevelMap | None
    """None where it is uniform."""
    model_id: bytes
    """Model of the stream."""
