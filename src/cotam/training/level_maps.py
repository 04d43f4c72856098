"""Random level maps, so that the codec sees every mix of qualities within a picture (CoTAM section 3)."""

import numpy as np

from cotam.ops.quality_scale import MAX_STEP, MIN_STEP

MIN_STRENGTH, MAX_STRENGTH = 16, 200
"""Quality steps per level, drawn log-uniformly."""
BLOCKS = (1, 2, 4)
"""Sides of the patches of a patchwise map, in latent cells."""


def spread_steps(rng: np.random.Generator, count: int) -> np.ndarray:
    """Base quality steps of a batch, int64 (count,): uniform over the range and stratified within the batch."""
    shares = (rng.permutation(count) + rng.random(count)) / count
    return np.rint(MIN_STEP + shares * (MAX_STEP - MIN_STEP)).astype(np.int64)


def random_steps(rng: np.random.Generator, base: int, cells: int, uniform: float) -> np.ndarray:
    """Quality steps of one crop, int64 (cells, cells): uniform, patchwise or a gradient around ``base``."""
    if rng.random() < uniform:
        return np.full((cells, cells), base, np.int64)
    strength = float(np.exp(rng.uniform(np.log(MIN_STRENGTH), np.log(MAX_STRENGTH))))
    levels = _patchwise(rng, cells) if rng.random() < 0.75 else _gradient(rng, cells)
    return np.clip(np.rint(base + strength * levels), MIN_STEP, MAX_STEP).astype(np.int64)


def _patchwise(rng: np.random.Generator, cells: int) -> np.ndarray:
    block = int(rng.choice(BLOCKS))
    side = -(-cells // block)
    return np.kron(rng.integers(-1, 2, (side, side)), np.ones((block, block)))[:cells, :cells]


def _gradient(rng: np.random.Generator, cells: int) -> np.ndarray:
    angle = rng.uniform(0, 2 * np.pi)
    axis = np.linspace(-1, 1, cells)
    return np.cos(angle) * axis[None, :] + np.sin(angle) * axis[:, None]
