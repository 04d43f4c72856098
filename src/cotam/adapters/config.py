"""Sizes of the networks that turn latents into tokens; stored with their weights."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Final, Literal, Self, get_args

from cotam.errors import ModelError

Conditioning = Literal["none", "embedding", "gain"]
"""How the network learns at what quality the latents were coded: not at all; from an embedding of each patch's
quality, so that it follows the level map; from latents divided by their quantisation steps."""

HEAD_WIDTH: Final = 64
"""Channels of an attention head where nothing else is asked for, as in every CLIP."""
LARGEST: Final = 16384


@dataclass(frozen=True)
class TokensConfig:
    """Sizes that the latent adapter and the transform-neck share; the defaults are the papers'."""

    latents: int = 320
    """Latent channels of the codec."""
    width: int = 1024
    """Channels of the tower's tokens."""
    grid: tuple[int, int] = (24, 24)
    """Rows and columns of patches that the position embeddings are made for; others are interpolated."""
    heads: int = 0
    """Attention heads; 0 means one for every 64 channels, 16 for 1024."""
    mlp_ratio: int = 4
    """Width inside the MLP, in token widths."""
    conditioning: Conditioning = "none"
    """See `Conditioning`."""

    def __post_init__(self) -> None:
        """Check the sizes."""
        for name in ("latents", "width", "mlp_ratio"):
            _check_size(name, getattr(self, name))
        if not isinstance(self.grid, tuple) or len(self.grid) != 2:
            raise ValueError(f"grid must be rows and columns, not {self.grid!r}")
        for side in self.grid:
            _check_size("grid", side)
        if self.conditioning not in get_args(Conditioning):
            raise ValueError(
                f"conditioning must be one of {', '.join(get_args(Conditioning))}, not {self.conditioning!r}"
            )
        if self.heads < 0 or self.width % self.head_count:
            raise ValueError(f"width {self.width} is not divisible by {self.head_count} heads")

    @property
    def head_count(self) -> int:
        """Attention heads, whether given or not."""
        return self.heads or max(self.width // HEAD_WIDTH, 1)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in vars(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Undo `to_dict`.

        Raises:
            ModelError: an unknown name, or a value out of range.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        if unknown := sorted(set(values) - known):
            raise ModelError(f"unknown size {unknown[0]!r}; known: {', '.join(sorted(known))}")
        sizes: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        try:
            return cls(**sizes)
        except (TypeError, ValueError) as error:
            raise ModelError(f"impossible sizes: {error}") from error


@dataclass(frozen=True)
class LatentAdapterConfig(TokensConfig):
    """Sizes of a `LatentAdapter`."""


@dataclass(frozen=True)
class TransformNeckConfig(TokensConfig):
    """Sizes of a `TransformNeck`."""

    grid: tuple[int, int] = (16, 16)
    """See `TokensConfig`."""
    block: int = 2
    """Index of the tower's block that takes the tokens; the embeddings and the blocks before it are skipped."""
    prefix: int = 1
    """Tokens in front of the patches: 1 for [CLS], more with registers, 0 for a tower that has none."""

    def __post_init__(self) -> None:
        """Check the sizes."""
        super().__post_init__()
        for name in ("block", "prefix"):
            value = getattr(self, name)
            if not isinstance(value, int) or not 0 <= value <= LARGEST:
                raise ValueError(f"{name} must be a whole number from 0 on, not {value!r}")


def _check_size(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST:
        raise ValueError(f"{name} must be from 1 to {LARGEST}, not {value!r}")
