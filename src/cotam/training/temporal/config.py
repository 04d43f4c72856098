"""The recipe of the networks of predicted frames."""

from dataclasses import dataclass

from cotam.training.config import RunConfig


@dataclass(frozen=True)
class TemporalTrainingConfig(RunConfig):
    """Recipe of ``cotam train temporal``."""

    minutes: float = 25.0
    """Wall-clock budget that sets ``steps`` when that is 0."""
    learning_rate: float = 5e-4
    """Peak of the cosine schedule; the networks begin as the base model's own."""
    warmup: int = 50
    """Steps of linear warm-up."""
    ema: float = 0.99
    """Decay of the averaged weights, which are what is exported; the run is short."""
    bf16: bool = False
    """Networks in bfloat16 autocast."""
    crop: int = 128
    """Side of the training crops in pixels, a multiple of 64."""
    balance: float = 0.55
    """Loss weight of a quality is lmbda^-balance, as in the base model's recipe."""
    scenes: float = 0.25
    """Share of rendered LevelVQA scenes with moved objects, 0..1."""
    uniform_levels: float = 0.7
    """Share of crops with a uniform level map, 0..1."""

    def __post_init__(self) -> None:
        """Check the recipe."""
        super().__post_init__()
        if self.crop < 64 or self.crop % 64 or self.crop > 192:
            raise ValueError(f"crop must be 64, 128 or 192, not {self.crop}")
        for name in ("scenes", "uniform_levels"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1, not {getattr(self, name)}")
