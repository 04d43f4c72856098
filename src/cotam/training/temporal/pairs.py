"""Training pairs: a frame and the one before it, made of still pictures.

Photographs are panned, zoomed and turned a little, as a hand does, or stand still; rendered scenes have objects that
moved. Noise differs from frame to frame, as a camera's does. A batch is a pure function of seed and index.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from cotam.levelvqa.drawing import render
from cotam.levelvqa.sampling import BASE_SIZE, sample_graph
from cotam.levelvqa.scene_graph import Box, SceneObject
from cotam.levelvqa.splits import split_seeds
from cotam.models.cotam_s_config import STRIDE
from cotam.models.preview import SUBPIXELS
from cotam.training.level_maps import random_steps, spread_steps
from cotam.training.temporal.config import TemporalTrainingConfig

STILL, CUT = 0.1, 0.04
"""Shares of photographs that do not move, and that have nothing to do with the frame before."""
MAX_PAN, MAX_ZOOM, MAX_TURN = 24.0, 0.1, 0.06
"""Largest motion between two frames: pixels, share of the size, radians."""
MISSED = 0.3
"""Share of pairs whose motion is found with an error of up to a quarter pixel."""
MAX_NOISE = 4.0
"""Largest standard deviation of the noise, of 255."""
SCENES = 200
"""Rendered scenes that pairs are drawn from, so that rendering does not hold up training."""


class PairBatch(NamedTuple):
    """One step's input."""

    before: Tensor
    """The frames before, uint8 (N, S, S, 3)."""
    now: Tensor
    """The frames, uint8 (N, S, S, 3)."""
    motion: Tensor
    """Quarter pixels that the middle has moved down and to the right, int64 (N, 2)."""
    steps: Tensor
    """Quality step of each cell, int64 (N, S/16, S/16)."""
    base: Tensor
    """Quality step of each frame, int64 (N,)."""


class PairDataset(Dataset[PairBatch]):
    """Whole batches by index.

    Args:
        pictures: photographs, uint8 (H, W, 3).
        config: the recipe.
    """

    def __init__(self, pictures: Sequence[np.ndarray], config: TemporalTrainingConfig) -> None:
        self.pictures, self.config = pictures, config

    def __getitem__(self, index: int) -> PairBatch:
        """Draw the batch of one index."""
        config, rng = self.config, np.random.default_rng([self.config.seed, index])
        base = spread_steps(rng, config.batch)
        cells = config.crop // STRIDE
        steps = np.stack([random_steps(rng, int(q), cells, config.uniform_levels) for q in base])
        pairs = [self._pair(rng) for _ in range(config.batch)]
        arrays = (*(np.stack(part) for part in zip(*pairs, strict=True)), steps, base)
        return PairBatch(*(torch.from_numpy(array) for array in arrays))

    def _pair(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if rng.random() < self.config.scenes:
            before, now, motion = scene_pair(rng, self.config.crop)
        else:
            picture = self.pictures[int(rng.integers(len(self.pictures)))]
            other = self.pictures[int(rng.integers(len(self.pictures)))]
            before, now, motion = photograph_pair(rng, picture, other, self.config.crop)
        noise = rng.uniform(0, MAX_NOISE) if rng.random() < 0.5 else 0.0
        return _noisy(rng, before, noise), _noisy(rng, now, noise), np.array(motion, np.int64)


def photograph_pair(
    rng: np.random.Generator, picture: np.ndarray, other: np.ndarray, crop: int
) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """Two looks at a photograph, and how the middle has moved in quarter pixels; seldom, two photographs."""
    height, width = picture.shape[:2]
    zoom = math.exp(rng.uniform(-0.5, 0.2))
    room = 0.75 * crop * zoom
    x, y = (_inside(rng, room, side) for side in (width, height))
    before = _look(picture, crop, x, y, zoom, 0.0)
    chance = rng.random()
    if chance < CUT:
        return before, _look(other, crop, other.shape[1] / 2, other.shape[0] / 2, 1.0, 0.0), (0, 0)
    if chance < CUT + STILL:
        return before, before, (0, 0)
    reach = MAX_PAN * rng.random() ** 2
    dx, dy = rng.uniform(-reach, reach, 2)
    change = 1 + MAX_ZOOM * rng.uniform(-1, 1) ** 3
    now = _look(
        picture, crop, x - dx * zoom, y - dy * zoom, zoom * change, MAX_TURN * rng.uniform(-1, 1) ** 3
    )
    miss = rng.integers(-1, 2, 2) if rng.random() < MISSED else (0, 0)
    return before, now, (round(dy * SUBPIXELS) + int(miss[0]), round(dx * SUBPIXELS) + int(miss[1]))


def scene_pair(rng: np.random.Generator, crop: int) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """A rendered scene before and after some of its objects moved; the motion is that of one of them."""
    graph = sample_graph(split_seeds("train", SCENES)[int(rng.integers(SCENES))])
    reach = int(rng.integers(1, 24))
    dx, dy = (int(part) for part in rng.integers(-reach, reach + 1, 2))
    moving = rng.random(len(graph.objects)) < 0.4
    objects = tuple(
        _moved_object(thing, dx, dy) if moves else thing
        for thing, moves in zip(graph.objects, moving, strict=True)
    )
    frames = [np.asarray(render(one)) for one in (graph, replace(graph, objects=objects))]
    top, left = rng.integers(0, BASE_SIZE - crop + 1, 2)
    before, now = (frame[top : top + crop, left : left + crop] for frame in frames)
    return before, now, (dy * SUBPIXELS, dx * SUBPIXELS)


def _moved_object(thing: SceneObject, dx: int, dy: int) -> SceneObject:
    box = thing.box
    dx = min(max(dx, -box.x0), BASE_SIZE - box.x1)
    dy = min(max(dy, -box.y0), BASE_SIZE - box.y1)
    return replace(thing, box=Box(box.x0 + dx, box.y0 + dy, box.x1 + dx, box.y1 + dy))


def _inside(rng: np.random.Generator, room: float, side: int) -> float:
    return float(rng.uniform(room, side - room)) if side > 2 * room else side / 2


def _look(picture: np.ndarray, crop: int, x: float, y: float, zoom: float, turn: float) -> np.ndarray:
    """A square of ``crop`` pixels about (x, y), ``zoom`` pixels of the picture to each of its own."""
    cos, sin = zoom * math.cos(turn), zoom * math.sin(turn)
    half = crop / 2
    matrix = (cos, -sin, x - cos * half + sin * half, sin, cos, y - sin * half - cos * half)
    image = Image.fromarray(picture)
    return np.asarray(image.transform((crop, crop), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC))


def _noisy(rng: np.random.Generator, frame: np.ndarray, deviation: float) -> np.ndarray:
    if not deviation:
        return np.ascontiguousarray(frame)
    noise = rng.normal(0, deviation, frame.shape)
    return np.clip(np.rint(frame + noise), 0, 255).astype(np.uint8)
