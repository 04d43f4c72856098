"""Batches of coded pictures, made by loader processes."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, get_worker_info

from cotam.codec.guiding import Guide
from cotam.codec.steps import step_map
from cotam.ops.quality_scale import MAX_STEP, MIN_STEP, STEPS_PER_QUALITY
from cotam.training.adapters.coding import FrozenCoder
from cotam.training.adapters.config import TOKEN_STRIDE, TokensTrainingConfig
from cotam.training.adapters.examples import PictureSource
from cotam.training.level_maps import random_steps

LEVEL_STEPS = 80.0
"""Quality steps of one level: a level map's default strength, 10 in quality."""


class Batch(NamedTuple):
    """One step's pictures.

    Args:
        pixels: uint8 (N, S, S, 3).
        steps: quality step of each latent position, int64 (N, S/16, S/16).
        base: quality step of each picture, int64 (N,).
        labels: class of each picture, int64 (N,); `UNKNOWN` where it has none.
        captions: of each picture, empty where it has none.
        y_hat: decoded latents, float32 (N, M, S/16, S/16), or None where the training process codes.
        x_hat: decoded pictures, uint8 (N, S, S, 3), or None.
    """

    pixels: Tensor
    steps: Tensor
    base: Tensor
    labels: Tensor
    captions: Sequence[str]
    y_hat: Tensor | None = None
    x_hat: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """The batch on another device."""
        moved = [part.to(device, non_blocking=True) if isinstance(part, Tensor) else part for part in self]
        return Batch(*moved)  # type: ignore[arg-type]

    def coded(self, coder: FrozenCoder, picture: bool) -> "Batch":
        """The batch with what the decoder gets, unless it has that already."""
        if self.y_hat is not None:
            return self
        coded = coder(self.pixels, self.steps, self.base, picture)
        return self._replace(y_hat=coded.y_hat, x_hat=coded.x_hat)

    @property
    def levels(self) -> Tensor:
        """How far each position's quality is from its picture's, in levels, float (N, S/16, S/16)."""
        return (self.steps - self.base[:, None, None]) / LEVEL_STEPS


class StepMaker(Protocol):
    """Chooses at what quality pictures are coded."""

    def __call__(
        self, rng: np.random.Generator, pictures: Sequence[NDArray[np.uint8]]
    ) -> tuple[Tensor, Tensor]:
        """Quality steps (N, S/16, S/16) and base steps (N,) of pictures (S, S, 3)."""


class RandomSteps:
    """Base qualities spread over the recipe's range; level maps uniform, patchwise or gradients."""

    def __init__(self, config: TokensTrainingConfig) -> None:
        self.config = config

    def __call__(
        self, rng: np.random.Generator, pictures: Sequence[NDArray[np.uint8]]
    ) -> tuple[Tensor, Tensor]:
        """See `StepMaker`."""
        base, cells = base_steps(rng, len(pictures), self.config), len(pictures[0]) // TOKEN_STRIDE
        steps = [random_steps(rng, int(step), cells, self.config.uniform_levels) for step in base]
        return torch.from_numpy(np.stack(steps)), torch.from_numpy(base)


class GuidedSteps:
    """Base qualities spread likewise; level maps as an encoder's guidance makes them."""

    def __init__(self, config: TokensTrainingConfig, guide: Guide) -> None:
        self.config, self.guide = config, guide

    def __call__(
        self, rng: np.random.Generator, pictures: Sequence[NDArray[np.uint8]]
    ) -> tuple[Tensor, Tensor]:
        """See `StepMaker`."""
        base, cells = base_steps(rng, len(pictures), self.config), len(pictures[0]) // TOKEN_STRIDE
        maps = [self.guide.level_map(picture) for picture in pictures]
        device = torch.device("cpu")
        steps = [step_map(int(b), m, cells, cells, device=device) for b, m in zip(base, maps, strict=True)]
        return torch.stack(steps), torch.from_numpy(base)


def base_steps(rng: np.random.Generator, count: int, config: TokensTrainingConfig) -> NDArray[np.int64]:
    """Base quality steps of a batch, stratified over the recipe's range."""
    low, high = config.lowest * STEPS_PER_QUALITY, config.highest * STEPS_PER_QUALITY
    shares = (rng.permutation(count) + rng.random(count)) / count
    return np.clip(np.rint(low + shares * (high - low)), MIN_STEP, MAX_STEP).astype(np.int64)


class PictureBatches(Dataset[Batch]):
    """Whole batches by index, coded here if a coder is given.

    Args:
        source: of the pictures.
        steps: chooses qualities.
        config: the recipe.
        coder: codes on the CPU; None leaves it to the training process, where the accelerator is.
        picture: whether decoded pictures are wanted.
    """

    def __init__(
        self,
        source: PictureSource,
        steps: StepMaker,
        config: TokensTrainingConfig,
        coder: FrozenCoder | None,
        picture: bool,
    ) -> None:
        self.source, self.steps, self.config, self.coder, self.picture = source, steps, config, coder, picture

    def __getitem__(self, index: int) -> Batch:
        """Make the batch of one index."""
        if get_worker_info() is not None:
            torch.set_num_threads(1)
        examples = self.source.examples(index, self.config.batch)
        pictures = [example.pixels for example in examples]
        steps, base = self.steps(np.random.default_rng([self.config.seed, 1, index]), pictures)
        labels = torch.tensor([example.label for example in examples])
        captions = [example.caption for example in examples]
        batch = Batch(torch.from_numpy(np.stack(pictures)), steps, base, labels, captions)
        return batch if self.coder is None else batch.coded(self.coder, self.picture)


def load_batches(data: PictureBatches, indexes: range, workers: int) -> Iterator[Batch]:
    """Batches of these indexes, in order, made by ``workers`` processes."""
    yield from DataLoader(
        data,
        batch_size=None,
        sampler=indexes,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
    )
