"""DINOv3 ViT: [CLS], registers, rotary positions that every block applies to the patches (Siméoni et al., 2025)."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from cotam.vision.family import IMAGENET_MEAN, IMAGENET_STD, Family


class Dinov3(Family):
    """`DINOv3ViTModel`."""

    name = "dinov3"
    mean = IMAGENET_MEAN
    std = IMAGENET_STD

    @property
    def blocks(self) -> Sequence[nn.Module]:
        """See `Family`."""
        return self.model.model.layer

    def embed(self, images: Tensor) -> Tensor:
        """See `Family`; tokens hold no position yet."""
        return self.model.embeddings(images)

    def attention(self, block: Any) -> nn.Module:
        """See `Family`."""
        return block.attention

    def block_arguments(self, tokens: Tensor, grid: tuple[int, int]) -> dict[str, Any]:
        """See `Family`: the rotary angles, from the model's own module, which reads only a picture's size."""
        height, width = (side * self.model.config.patch_size for side in grid)
        picture_of_that_size = tokens.new_zeros(()).expand(1, 3, height, width)
        return {"position_embeddings": self.model.rope_embeddings(picture_of_that_size)}
