"""What a frozen tower sees of originals, of decoded pictures with an adapter, and of a transform-neck's tokens."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from cotam.adapters import Geometry, adding, geometry_of
from cotam.training.adapters.towers import TrainingTower
from cotam.vision import Tower

WHITE = 255.0
LOW_LAYERS = (0, 1)
"""Tokens of CoTAM's low-level term: before block 0 and after it."""


@dataclass(frozen=True)
class Seen:
    """Tokens (N, T, D) of the tower."""

    low: tuple[Tensor, ...]
    """Of `LOW_LAYERS`, as far as blocks were run; empty where the tower was entered behind block 0."""
    high: Tensor
    """Where the language model reads them."""
    last: Tensor
    """After the last block that was run."""


class TowerView:
    """A frozen tower with pictures of one size before it.

    Args:
        training_tower: see `load_training_tower`.
        size: side of the pictures in pixels.
        checkpointing: see `TokensTrainingConfig.checkpointing`.
    """

    def __init__(self, training_tower: TrainingTower, size: int, checkpointing: bool = False) -> None:
        self.tower, self.read_after = training_tower.tower, training_tower.read_after
        self.tower.gradient_checkpointing = checkpointing
        self.geometry: Geometry = geometry_of(TowerProcessor(self.tower), (size, size), self.tower.patch)

    def to(self, device: torch.device) -> None:
        """Bring the tower to where the pictures are."""
        self.tower.model.to(device)

    def images(self, pixels: Tensor) -> Tensor:
        """Pictures of samples 0..255 (N, S, S, 3) as the tower takes them, float32 (N, 3, h, w).

        Resized as `Tower.preprocess` does it, but on the pictures' device: antialiased bicubic, rounded to 8 bits.
        Float pictures keep their gradient.
        """
        images = pixels.permute(0, 3, 1, 2).float()
        if images.shape[-2:] != self.tower.input_size:
            images = F.interpolate(images, self.tower.input_size, mode="bicubic", antialias=True)
            images = rounded_to_bytes(images)
        constants = (
            torch.tensor(values, device=pixels.device).view(3, 1, 1)
            for values in (self.tower.mean, self.tower.std)
        )
        mean, std = constants
        return (images / WHITE - mean) / std

    @torch.no_grad()
    def original(self, pixels: Tensor, blocks: int | None = None) -> Seen:
        """See pictures as they are; with `blocks`, only so far."""
        return self._run(pixels, blocks)

    def adapted(self, pixels: Tensor, tokens: Tensor, blocks: int | None = None) -> Seen:
        """See decoded pictures with an adapter's tokens (N, P, D) added."""
        with adding(self.tower.model, tokens):
            return self._run(pixels, blocks)

    def entered(self, tokens: Tensor, block: int, blocks: int | None = None) -> Seen:
        """See a neck's tokens (N, T, D) from a block on."""
        until, grid = self.tower.depth if blocks is None else blocks, self.geometry.grid
        low: tuple[Tensor, ...] = ()
        if block == 0:
            low = (tokens, self.tower.run_from(tokens, 0, grid, 1))
            tokens, block = low[-1], 1
        high = self.tower.run_from(tokens, block, grid, min(self.read_after, until))
        last = self.tower.run_from(high, self.read_after, grid) if until > self.read_after else high
        return Seen(low, high, last)

    def _run(self, pixels: Tensor, blocks: int | None) -> Seen:
        count = self.tower.depth if blocks is None else blocks
        high = min(self.read_after, count)
        kept = [layer for layer in (*LOW_LAYERS, high) if layer <= count]
        run = self.tower.run(self.images(pixels), count, tokens_of=kept)
        low = tuple(run.tokens[layer] for layer in LOW_LAYERS if layer <= count)
        return Seen(low, run.tokens[high], run.last)


def rounded_to_bytes(samples: Tensor) -> Tensor:
    """Samples rounded to 0..255, still float; the gradient is that of the identity."""
    if not samples.requires_grad:
        return samples.round_().clamp_(0, WHITE)
    return samples + (samples.detach().round().clamp(0, WHITE) - samples.detach())


class TowerProcessor:
    """A tower's preprocessing in the form of an MLLM's image processor; pictures are squashed to its input size."""

    def __init__(self, tower: Tower) -> None:
        self.tower = tower

    def __call__(self, picture: Image.Image, return_tensors: str) -> dict[str, Any]:
        """Return ``pixel_values`` (1, 3, h, w)."""
        return {"pixel_values": self.tower.preprocess([np.asarray(picture)])}
