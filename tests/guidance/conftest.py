"""Stand-ins that show what guidance makes of what a tower tells it, and the small real towers of `tests/vision`."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from ..vision.conftest import checkpoint, tower, transformers

__all__ = ["checkpoint", "scripted", "tower", "transformers"]

INPUT = 32
PATCH = 8


class ScriptedTower:
    """Has the interface of a tower; [CLS] attends to patches in proportion to their brightness."""

    name, has_class_token, has_text = "scripted", True, True
    depth, heads, prefix_tokens, input_size = 4, 2, 1, (INPUT, INPUT)

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.blocks: list[int | None] = []

    def grid(self, height: int, width: int) -> tuple[int, int]:
        return height // PATCH, width // PATCH

    def preprocess(self, pictures: Sequence[np.ndarray]) -> torch.Tensor:
        planes = torch.stack([torch.tensor(picture).permute(2, 0, 1).float() for picture in pictures])
        return torch.nn.functional.interpolate(planes, self.input_size, mode="area")

    def run(self, images: torch.Tensor, blocks: int | None = None, *, attention_of: Sequence[int]) -> Any:
        self.batches.append(len(images))
        self.blocks.append(blocks)
        bright = torch.nn.functional.avg_pool2d(images.mean(1), PATCH).flatten(1) + 1
        asked = torch.cat([torch.zeros(len(images), 1), bright], 1)
        weights = (asked / asked.sum(1, keepdim=True))[:, None, None].expand(
            -1, self.heads, asked.shape[1], -1
        )

        class Run:
            attention = dict.fromkeys(attention_of, weights)

        return Run()

    def text_relevance(self, images: torch.Tensor, texts: Sequence[str]) -> torch.Tensor:
        self.batches.append(len(images))
        channel = ["red", "green", "blue"].index(texts[0])
        return torch.nn.functional.avg_pool2d(images[:, channel], PATCH)


@pytest.fixture
def scripted() -> Any:
    return ScriptedTower()


@pytest.fixture
def photograph() -> Callable[..., np.ndarray]:
    """A grey picture with a bright patch of noise, and its place."""

    def make(height: int, width: int, top: int, left: int, side: int) -> np.ndarray:
        pixels = np.full((height, width, 3), 90, np.uint8)
        noise = np.random.default_rng(0).integers(160, 256, (side, side, 3))
        pixels[top : top + side, left : left + side] = noise
        return pixels

    return make
