"""Rate control by what a vision tower sees: the lowest quality whose picture still gives nearly the same tokens."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, Union

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from cotam.ops.quality_scale import MAX_STEP, MIN_STEP

if TYPE_CHECKING:
    from cotam.vision import Tower

KEPT_TOWERS = 2
"""Towers named by id or folder that are kept in memory."""

Trial = TypeVar("Trial")


@dataclass(frozen=True)
class SimilarityTarget:
    """How alike a tower's patch tokens of the decoded and the original picture must be."""

    tower: Union["Tower", str, Path]
    """A loaded tower, or what `cotam.vision.load_tower` takes, or a short name of `cotam.guidance.TOWERS`."""
    minimum: float
    """Least mean cosine similarity over patch tokens, above 0 and below 1."""
    layer: int | None = None
    """Tokens after so many blocks, 0 (embeddings) to the tower's depth; None is after the last."""

    def __post_init__(self) -> None:
        """Check the minimum; the layer is checked against the tower."""
        if isinstance(self.minimum, bool) or not isinstance(self.minimum, int | float):
            raise TypeError(f"min_similarity must be a number, not {type(self.minimum).__name__}")
        if not 0 < self.minimum < 1:
            raise ValueError(f"min_similarity must be between 0 and 1, not {self.minimum}")

    def loaded_tower(self) -> "Tower":
        """The tower; one that is named is loaded once and kept.

        Raises:
            ModelError: it cannot be loaded.
        """
        return _kept_tower(str(self.tower)) if isinstance(self.tower, str | Path) else self.tower


class TokenSimilarity:
    """Compares pictures with one original by a tower's patch tokens."""

    def __init__(self, target: SimilarityTarget, original: NDArray[np.uint8]) -> None:
        """Run the original through the tower.

        Args:
            target: names tower and layer.
            original: uint8 (height, width, 3).

        Raises:
            ValueError: the tower has no such layer.
            ModelError: the tower cannot be loaded.
        """
        self.tower = target.loaded_tower()
        self.blocks = self.tower.depth if target.layer is None else target.layer
        if not 0 <= self.blocks <= self.tower.depth:
            raise ValueError(
                f"layer must be from 0 to {self.tower.depth} for {self.tower.name}, not {self.blocks}"
            )
        self._original = self._directions(original)

    def __call__(self, picture: NDArray[np.uint8]) -> float:
        """Mean cosine similarity of the patch tokens of ``picture``, uint8 (height, width, 3), to the original's."""
        return float((self._original * self._directions(picture)).sum(-1).mean())

    @torch.inference_mode()
    def _directions(self, pixels: NDArray[np.uint8]) -> Tensor:
        """Patch tokens of length 1, float64 (patches, width)."""
        run = self.tower.run(self.tower.preprocess([pixels]), self.blocks)
        return normalize(run.last[0, self.tower.prefix_tokens :].double(), dim=-1)


def search_similarity(
    encode: Callable[[int], Trial], similarity: Callable[[Trial], float], minimum: float
) -> tuple[Trial, int, float]:
    """Find the lowest quality step that is similar enough, by bisection over all steps: about eleven trials.

    Similarity rises with quality but for small wobbles, so a lower step beyond a wobble may be missed; the result
    itself always reaches the minimum. Where tokens follow the picture smoothly, neighbouring steps differ by far less
    than 0.002, so it lies that close above, unless even the lowest step is more similar than was asked for.

    Args:
        encode: makes the stream of a step.
        similarity: of what it makes to the original.
        minimum: least similarity.

    Returns:
        The stream, its step and its similarity.

    Raises:
        ValueError: the highest quality does not reach the minimum; the message says what it does reach.
    """
    best = encode(MAX_STEP)
    reached = similarity(best)
    if reached < minimum:
        raise ValueError(
            f"min_similarity={minimum:g} cannot be reached with this picture and model: "
            f"quality 100 reaches {reached:.4f}"
        )
    low, high = MIN_STEP, MAX_STEP  # high reaches the minimum; all below low are taken not to
    while low < high:
        step = (low + high) // 2
        trial = encode(step)
        if (found := similarity(trial)) >= minimum:
            high, best, reached = step, trial, found
        else:
            low = step + 1
    return best, high, reached


@lru_cache(maxsize=KEPT_TOWERS)
def _kept_tower(name: str) -> "Tower":
    from cotam.guidance import TOWERS
    from cotam.vision import load_tower

    return load_tower(TOWERS.get(name, name))
