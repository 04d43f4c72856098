"""What has to be known of a family of towers to run it block by block."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Final, Literal

from torch import Tensor, nn

from cotam.vision.preprocessing import Colour

FamilyName = Literal["clip", "siglip", "dinov2", "dinov3", "internvit"]

IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_STD: Final = (0.229, 0.224, 0.225)


class Family(ABC):
    """A loaded transformers model, seen through what its family calls its parts.

    One subclass per family; what follows in every class is the same in all its models.
    """

    name: ClassVar[FamilyName]
    """How the family is called here."""
    mean: ClassVar[Colour]
    """Mean of R, G and B, 0..1, that pictures are normalised with where the checkpoint does not say."""
    std: ClassVar[Colour]
    """Standard deviation, likewise."""
    has_class_token: ClassVar[bool] = True
    """Whether token 0 is [CLS]."""
    text_padding: ClassVar[str | None] = None
    """How its text side pads, in a tokenizer's terms; None: the family has no text side."""

    def __init__(self, model: Any) -> None:
        """Take `model`, a vision model of transformers."""
        self.model = model

    @property
    def registers(self) -> int:
        """Register tokens, which follow [CLS]."""
        return int(getattr(self.model.config, "num_register_tokens", 0))

    @property
    def entrance(self) -> Sequence[nn.Module]:
        """The modules that `embed` runs, in order; the first one makes the embeddings, positions included."""
        return (self.model.embeddings,)

    @property
    @abstractmethod
    def blocks(self) -> Sequence[nn.Module]:
        """The transformer blocks, first to last; each maps tokens (N, T, D) to tokens."""

    @abstractmethod
    def embed(self, images: Tensor) -> Tensor:
        """Map images (N, 3, h, w) to what block 0 takes, (N, T, D)."""

    @abstractmethod
    def attention(self, block: nn.Module) -> nn.Module:
        """The part of a block that returns a pair whose second half is the attention weights."""

    def block_arguments(self, tokens: Tensor, grid: tuple[int, int]) -> dict[str, Any]:
        """What every block takes beside the tokens, for patches in `grid` (rows, columns)."""
        return {}

    def patch_embeddings(self, tokens: Tensor, full: Any) -> Tensor:
        """Map patch tokens (N, P, D) after the last block into the space (N, P, E) of the text embeddings.

        Args:
            tokens: patch tokens only.
            full: the transformers model with both sides.
        """
        raise NotImplementedError(f"{self.name} has no text side")

    def pooled(self, tokens: Tensor) -> Tensor:
        """Sum up tokens (N, T, D) after the last block into one feature (N, D): here, the mean over all of them."""
        return tokens.mean(1)

    def image_embeddings(self, tokens: Tensor, full: Any) -> Tensor:
        """Map tokens (N, T, D) after the last block into the space (N, E) of the text embeddings.

        Args:
            tokens: all tokens.
            full: the transformers model with both sides.
        """
        raise NotImplementedError(f"{self.name} has no text side")
