"""SigLIP: no [CLS], learned positions, attention pooling after the last block (Zhai et al., 2023)."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from cotam.vision.clip import embed_at_any_size
from cotam.vision.family import Family


class Siglip(Family):
    """`SiglipVisionModel`, flat or with an inner `vision_model`; SigLIP 2 checkpoints of fixed size too."""

    name = "siglip"
    mean = (0.5, 0.5, 0.5)
    std = (0.5, 0.5, 0.5)
    has_class_token = False
    text_padding = "max_length"  # as it was trained: its text embedding is read at the last position

    def __init__(self, model: Any) -> None:
        """See `Family`."""
        super().__init__(model)
        self.inner = getattr(model, "vision_model", model)

    @property
    def entrance(self) -> Sequence[nn.Module]:
        """See `Family`."""
        return (self.inner.embeddings,)

    @property
    def blocks(self) -> Sequence[nn.Module]:
        """See `Family`."""
        return self.inner.encoder.layers

    def embed(self, images: Tensor) -> Tensor:
        """See `Family`."""
        return embed_at_any_size(self.inner.embeddings, images)

    def attention(self, block: Any) -> nn.Module:
        """See `Family`."""
        return block.self_attn

    def block_arguments(self, tokens: Tensor, grid: tuple[int, int]) -> dict[str, Any]:
        """See `Family`."""
        return {"attention_mask": None}

    def patch_embeddings(self, tokens: Tensor, full: Any) -> Tensor:
        """See `Family`: the pooling head's answer if it could see that patch alone.

        With one token to attend to, the head's attention weight is 1, and what remains is its value and output
        projections, layer norm and MLP. No other projection follows: SigLIP compares the head's output with the text.
        """
        single = self.inner.post_layernorm(tokens).flatten(0, 1).unsqueeze(1)
        return self.inner.head(single).reshape(*tokens.shape[:2], -1)

    def pooled(self, tokens: Tensor) -> Tensor:
        """See `Family`: the pooling head's answer, or, in an MLLM that left the head out, the mean."""
        normed = self.inner.post_layernorm(tokens)
        return self.inner.head(normed) if getattr(self.inner, "use_head", True) else normed.mean(1)

    def image_embeddings(self, tokens: Tensor, full: Any) -> Tensor:
        """See `Family`: the head's answer is in that space already."""
        return self.pooled(tokens)
