"""Sizes of a ``cotam-s`` model. No torch here."""

import dataclasses
from dataclasses import dataclass

PATCH = 8
"""Side, in pixels, of what one position of the first layers sees."""
STRIDE = 16
"""Pixels per latent cell and axis."""
SLOPE = 0.1
"""Slope of the transforms' activations below zero."""
CELL_SAMPLES = 3 * STRIDE**2
"""Samples of a 16 x 16 cell: more latents than this have no orthonormal start."""


@dataclass(frozen=True)
class CotamSConfig:
    """Sizes of a ``cotam-s`` model; stored in its weights file."""

    latents: int = 256
    """Latent channels M at stride 16, a multiple of 4."""
    hyper: int = 96
    """Hyper-latent channels Z at stride 64."""
    wide: int = 128
    """Channels of the transforms at 1/8 resolution."""
    deep: int = 256
    """Channels of the transforms at 1/16 resolution."""
    analysis_blocks: tuple[int, int] = (3, 5)
    """Blocks of the analysis at 1/8 and at 1/16."""
    synthesis_blocks: tuple[int, int] = (5, 7)
    """Blocks of the synthesis at 1/16 and at 1/8."""
    hyper_hidden: int = 128
    """Channels inside the hyperprior."""
    features: int = 128
    """Channels of the hyperprior's features at stride 16."""
    context: int = 192
    """Channels of the context networks."""
    nodes: int = 8
    """Nodes over which quality is interpolated."""

    def __post_init__(self) -> None:
        """Check the sizes."""
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            pair = isinstance(field.default, tuple)
            sizes = value if pair else (value,)
            if not isinstance(sizes, tuple) or len(sizes) != (2 if pair else 1):
                raise ValueError(f"{field.name} must be two numbers, not {value!r}")
            if not all(isinstance(size, int) and 1 <= size <= 4096 for size in sizes):
                raise ValueError(f"{field.name} must be from 1 to 4096, not {value!r}")
        if self.latents % 4 or self.latents > CELL_SAMPLES:
            raise ValueError(f"latents must be a multiple of 4, at most {CELL_SAMPLES}, not {self.latents}")
        if self.nodes < 2:
            raise ValueError(f"nodes must be at least 2, not {self.nodes}")
