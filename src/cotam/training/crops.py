"""Training crops: photographs from folders mixed with rendered graphics and scenes of LevelVQA.

A batch is a pure function of (seed, index), so a resumed run sees exactly the crops that an unbroken one would, with
any number of loader processes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from rich.progress import track
from torch import Tensor
from torch.utils.data import Dataset

from cotam.entropy_models.structure import STRIDE
from cotam.errors import ImageError, TrainingError
from cotam.images import find_images, load_image
from cotam.levelvqa import SPLITS, scene
from cotam.training.config import CodecTrainingConfig
from cotam.training.graphics import render_graphic
from cotam.training.level_maps import random_steps, spread_steps

MIN_ZOOM = 0.6
"""Photographs are reduced by up to this factor, which also thins out the traces of earlier coding."""


class Batch(NamedTuple):
    """One step's input: ``pixels`` uint8 (N, H, W, 3), ``steps`` int64 (N, H/16, W/16), ``base`` int64 (N,)."""

    pixels: Tensor
    steps: Tensor
    base: Tensor


def load_photographs(folders: Sequence[Path], crop: int) -> list[np.ndarray]:
    """Read every picture of the folders into memory, uint8 (H, W, 3); those smaller than ``crop`` are left out.

    Raises:
        TrainingError: no usable picture was found.
    """
    paths = [path for folder in folders for path in find_images(folder)]
    pictures = []
    for path in track(paths, "reading photographs", transient=True):
        try:
            pixels = load_image(path).pixels
        except ImageError:
            continue
        if min(pixels.shape[:2]) >= crop:
            pictures.append(pixels)
    if not pictures:
        names = ", ".join(map(str, folders))
        raise TrainingError(f"{names}: no picture of at least {crop} x {crop} pixels was found")
    return pictures


class CropDataset(Dataset[Batch]):
    """Whole batches by their number among those of all processes."""

    def __init__(self, pictures: list[np.ndarray], config: CodecTrainingConfig, late_from: int) -> None:
        self.config, self.late_from = config, late_from
        self.pictures = {side: _at_least(pictures, side) for side in (config.crop, 2 * config.crop)}

    def __getitem__(self, index: int) -> Batch:
        """Draw the batch of one index."""
        config, rng = self.config, np.random.default_rng([self.config.seed, index])
        late = index >= self.late_from
        crop, count = (2 * config.crop, max(config.batch // 4, 1)) if late else (config.crop, config.batch)
        base = spread_steps(rng, count)
        steps = [random_steps(rng, int(q), crop // STRIDE, config.uniform_levels) for q in base]
        pixels = [self._crop(rng, crop) for _ in range(count)]
        return Batch(*(torch.from_numpy(array) for array in (np.stack(pixels), np.stack(steps), base)))

    def _crop(self, rng: np.random.Generator, crop: int) -> np.ndarray:
        kind = rng.random()
        if kind < self.config.graphics:
            return render_graphic(rng, crop)
        if kind < self.config.graphics + self.config.scenes:
            return _of_scene(rng, crop)
        pictures = self.pictures[crop]
        return _cut(rng, pictures[rng.integers(len(pictures))], crop)


def _at_least(pictures: list[np.ndarray], side: int) -> list[np.ndarray]:
    """Pictures that hold a crop of this side; all of them, to be enlarged, where none does."""
    return [picture for picture in pictures if min(picture.shape[:2]) >= side] or pictures


def _of_scene(rng: np.random.Generator, crop: int) -> np.ndarray:
    """A square of a scene, with none of its pixels resampled; small scenes go on in the mirror."""
    picture = np.asarray(scene(int(rng.integers(SPLITS["train"].stop))).image)
    beyond = max(crop - picture.shape[0], 0)
    picture = np.pad(picture, ((0, beyond), (0, beyond), (0, 0)), mode="symmetric")
    top, left = rng.integers(picture.shape[0] - crop + 1, size=2)
    return np.ascontiguousarray(picture[top : top + crop, left : left + crop])


def _cut(rng: np.random.Generator, picture: np.ndarray, crop: int) -> np.ndarray:
    """A square of a picture, possibly resized and mirrored."""
    height, width = picture.shape[:2]
    zoom = rng.uniform(MIN_ZOOM, 1.0) if rng.random() < 0.5 else 1.0
    side = min(round(crop / zoom), height, width)
    top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    square = picture[top : top + side, left : left + side]
    if side != crop:
        square = np.asarray(Image.fromarray(square).resize((crop, crop), Image.Resampling.BICUBIC))
    return np.ascontiguousarray(square[:, ::-1] if rng.random() < 0.5 else square)
