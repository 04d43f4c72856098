"""The modules that learn, in the form that the training loop prepares and averages."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from cotam.adapters import Geometry, LatentAdapter, TransformNeck, make_tokens
from cotam.models.base_codec import BaseCodec, TrainingLatents
from cotam.models.gains import QualityGains


class TokenMaker(nn.Module):
    """An adapter or neck with what it needs beside the latents.

    Args:
        network: what learns.
        gains: of the frozen codec; not part of the state.
        geometry: of the training pictures.
    """

    def __init__(
        self, network: LatentAdapter | TransformNeck, gains: QualityGains, geometry: Geometry
    ) -> None:
        super().__init__()
        self.network, self.geometry = network, geometry
        self._gains = (gains,)  # in a tuple no module of ours: it neither learns nor is saved

    def forward(self, y_hat: Tensor, steps: Tensor) -> Tensor:
        """See `make_tokens`."""
        return make_tokens(self.network, y_hat, steps, self._gains[0].to(y_hat.device), self.geometry)


class JointOutput(NamedTuple):
    """What a network that learns together with its codec makes of pictures; no picture where none is asked for."""

    tokens: Tensor
    latents: TrainingLatents
    x_hat: Tensor | None


class JointModel(nn.Module):
    """A codec in float form and a neck (Bridge's d2 and d3) or adapter, which learn together.

    Args:
        codec: the codec.
        network: the neck or adapter.
        geometry: of the training pictures.
    """

    def __init__(self, codec: BaseCodec, network: LatentAdapter | TransformNeck, geometry: Geometry) -> None:
        super().__init__()
        self.codec, self.network, self.geometry = codec, network, geometry

    def forward(
        self,
        x: Tensor,
        steps: Tensor,
        base: Tensor,
        generator: torch.Generator | None = None,
        *,
        picture: bool = True,
        rounded: bool = False,
    ) -> JointOutput:
        """Code pictures and make tokens of their latents; arguments as in `BaseCodec.forward`."""
        latents = self.codec.code(x, steps, base, generator, rounded=rounded)
        tokens = self.tokens(latents.y_hat, steps)
        x_hat = self.codec.reconstruct(latents.y_hat, steps) if picture else None
        return JointOutput(tokens, latents, x_hat)

    def tokens(self, y_hat: Tensor, steps: Tensor) -> Tensor:
        """See `make_tokens`."""
        return make_tokens(self.network, y_hat, steps, self.codec.gains, self.geometry)
