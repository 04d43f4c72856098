"""Sizes of the embedded CLIP and LLaVA."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EmbeddedSizes:
    """How wide and deep the three networks are. By default about 8 million parameters, most of them in the tower."""

    vision_width: int = 192
    """Channels of a vision token."""
    vision_layers: int = 12
    """Blocks of the vision tower; guidance and the analyses need depth."""
    vision_heads: int = 6
    """Attention heads of the vision tower."""
    patch: int = 16
    """Side of a patch in pixels."""
    image: int = 224
    """Side of the input in pixels."""
    projection: int = 128
    """Width of the space where CLIP compares pictures with texts."""
    text_width: int = 128
    """Channels of a token on CLIP's text side."""
    text_layers: int = 3
    """Blocks of CLIP's text side."""
    text_heads: int = 4
    """Attention heads of CLIP's text side."""
    text_length: int = 64
    """Tokens that CLIP's text side reads."""
    language_width: int = 128
    """Channels of a token of the language model."""
    language_layers: int = 4
    """Blocks of the language model."""
    language_heads: int = 4
    """Attention heads of the language model."""
    language_mlp: int = 384
    """Inner width of the language model's MLPs."""
    max_positions: int = 2048
    """Tokens, of pictures and texts, that the language model takes."""
    vision_feature_layer: int = -1
    """Which hidden state of the tower goes to the projector, as in ``LlavaConfig``; -1: the last block's."""

    def __post_init__(self) -> None:
        """Refuse sizes that no network can have.

        Raises:
            ValueError: a size below 1, heads that do not divide a width, or an input that is not whole patches.
        """
        sizes = {name: value for name, value in vars(self).items() if name != "vision_feature_layer"}
        for name, value in sizes.items():
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
        for part in ("vision", "text", "language"):
            width, heads = sizes[f"{part}_width"], sizes[f"{part}_heads"]
            if width % heads:
                raise ValueError(f"{part}_width must be a multiple of {part}_heads={heads}, not {width}")
        if self.image % self.patch:
            raise ValueError(f"image must be a multiple of patch={self.patch}, not {self.image}")
        if not -self.vision_layers <= self.vision_feature_layer <= self.vision_layers:
            raise ValueError(
                f"vision_feature_layer must be from {-self.vision_layers} to {self.vision_layers}, "
                f"not {self.vision_feature_layer}"
            )

    @property
    def image_tokens(self) -> int:
        """Tokens that one picture takes in the language model."""
        return (self.image // self.patch) ** 2
