"""How far a figure would move with other pictures: means over pictures that are drawn again, with replacement."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
RESAMPLES: Final = 1000
SEED: Final = 0
INTERVAL: Final = (2.5, 97.5)
"""Percentiles that bound a 95 % interval."""


def draw_weights(pictures: int) -> Array:
    """How often each picture is drawn, (1 + RESAMPLES, pictures); the first row is the pictures themselves."""
    generator = np.random.default_rng(SEED)
    counts = generator.multinomial(pictures, np.full(pictures, 1 / pictures), size=RESAMPLES)
    return np.concatenate([np.ones((1, pictures)), counts])


def resampled_means(values: Array, weights: Array) -> Array:
    """Means over pictures (pictures, ...) for each row of weights, (rows, ...); NaN is left out, where all is: NaN."""
    flat = values.reshape(len(values), -1)
    there = np.isfinite(flat)
    sums, counts = weights @ np.where(there, flat, 0), weights @ there
    means = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    return means.reshape(len(weights), *values.shape[1:])


def interval(resampled: Array) -> tuple[Array, Array]:
    """Ends of the 95 % interval of figures (1 + RESAMPLES, ...), whose first row is that of the pictures themselves."""
    low, high = np.nanpercentile(resampled[1:], INTERVAL, axis=0)
    return low, high
