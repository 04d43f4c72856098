"""Pictures made by a formula, for measurements that must not depend on files."""

import numpy as np
from PIL import Image

from cotam.evaluation.rivals.rival import Pixels

COARSEST = 4
"""Cells across the picture's shorter side in the first octave."""
FALL = 0.6
"""Amplitude of each octave relative to the one before: natural pictures fall about like this."""


def synthetic_picture(width: int, height: int, seed: int = 0) -> Pixels:
    """Noise with a photograph's spectrum and a few hard edges, uint8 (H, W, 3), always the same."""
    rng = np.random.default_rng([seed, width, height])
    total = np.zeros((height, width, 3), np.float32)
    cells, amplitude = COARSEST, 1.0
    while cells <= max(COARSEST, min(width, height)):
        total += amplitude * _octave(rng, width, height, cells)
        cells, amplitude = 2 * cells, FALL * amplitude
    for _ in range(3):
        total[_half_plane(rng, width, height)] += rng.normal(0, 0.8, 3).astype(np.float32)
    low, high = np.quantile(total, [0.01, 0.99])
    scaled = (total - low) * (255 / max(float(high - low), 1e-6))
    pixels: Pixels = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return pixels


def _octave(rng: np.random.Generator, width: int, height: int, cells: int) -> np.ndarray:
    scale = cells / min(width, height)
    rows, columns = max(round(height * scale), 1), max(round(width * scale), 1)
    luma, colour = rng.normal(0, 1, (rows, columns, 1)), rng.normal(0, 0.3, (rows, columns, 3))
    grid = (luma + colour).astype(np.float32)
    planes = [
        Image.fromarray(np.ascontiguousarray(grid[..., channel])).resize(
            (width, height), Image.Resampling.BICUBIC
        )
        for channel in range(3)
    ]
    return np.stack([np.asarray(plane) for plane in planes], -1)


def _half_plane(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    angle = rng.uniform(0, 2 * np.pi)
    row, column = np.mgrid[0:height, 0:width]
    side = (column / width - rng.random()) * np.cos(angle) + (row / height - rng.random()) * np.sin(angle)
    return np.asarray(side > 0)
