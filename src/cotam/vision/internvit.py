"""InternViT, the tower of InternVL: [CLS], learned positions (Chen et al., 2024)."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from cotam.vision.family import IMAGENET_MEAN, IMAGENET_STD, Family


class InternVit(Family):
    """`InternVLVisionModel`; its embeddings interpolate positions by themselves."""

    name = "internvit"
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
        """See `Family`."""
        return block.attention
