"""CLIP: [CLS], learned positions, a layer norm before block 0 (Radford et al., 2021)."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from cotam.vision.family import Family
from cotam.vision.preprocessing import CLIP_MEAN, CLIP_STD


class Clip(Family):
    """`CLIPVisionModel`, flat or with an inner `vision_model`."""

    name = "clip"
    mean, std = CLIP_MEAN, CLIP_STD
    text_padding = "longest"

    def __init__(self, model: Any) -> None:
        """See `Family`."""
        super().__init__(model)
        self.inner = getattr(model, "vision_model", model)

    @property
    def entrance(self) -> Sequence[nn.Module]:
        """See `Family`."""
        return self.inner.embeddings, self.inner.pre_layrnorm

    @property
    def blocks(self) -> Sequence[nn.Module]:
        """See `Family`."""
        return self.inner.encoder.layers

    def embed(self, images: Tensor) -> Tensor:
        """See `Family`; the layer norm before block 0 is included, and its name is transformers' spelling."""
        return self.inner.pre_layrnorm(embed_at_any_size(self.inner.embeddings, images))

    def attention(self, block: Any) -> nn.Module:
        """See `Family`."""
        return block.self_attn

    def block_arguments(self, tokens: Tensor, grid: tuple[int, int]) -> dict[str, Any]:
        """See `Family`."""
        return {"attention_mask": None}

    def patch_embeddings(self, tokens: Tensor, full: Any) -> Tensor:
        """See `Family`: what CLIP does to [CLS], done to every patch (layer norm, then the visual projection)."""
        return full.visual_projection(self.inner.post_layernorm(tokens))

    def pooled(self, tokens: Tensor) -> Tensor:
        """See `Family`: [CLS] after the last layer norm."""
        return self.inner.post_layernorm(tokens[:, 0])

    def image_embeddings(self, tokens: Tensor, full: Any) -> Tensor:
        """See `Family`."""
        return full.visual_projection(self.pooled(tokens))


def embed_at_any_size(embeddings: Any, images: Tensor) -> Tensor:
    """Embed images with CLIP's or SigLIP's module; positions are interpolated if the size is not its own."""
    native = tuple(images.shape[-2:]) == (embeddings.image_size, embeddings.image_size)
    return embeddings(images, interpolate_pos_encoding=not native)
