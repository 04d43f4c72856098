"""DINOv2, with and without registers: [CLS], registers, learned positions (Oquab et al., 2023; Darcet et al., 2023)."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from cotam.vision.family import IMAGENET_MEAN, IMAGENET_STD, Family


class Dinov2(Family):
    """`Dinov2Model` and `Dinov2WithRegistersModel`; their embeddings interpolate positions by themselves."""

    name = "dinov2"
    mean = IMAGENET_MEAN
    std = IMAGENET_STD

    @property
    def blocks(self) -> Sequence[nn.Module]:
        """See `Family`."""
        return self.model.encoder.layer

    def embed(self, images: Tensor) -> Tensor:
        """See `Family`."""
        return self.model.embeddings(images)

    def attention(self, block: Any) -> nn.Module:
        """See `Family`; transformers 5.16 has the weights one module further in."""
        return getattr(block.attention, "attention", block.attention)
