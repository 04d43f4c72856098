"""Random tables and symbols that the tests of this folder share."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from cotam.entropy_coding import PRECISION, TableSet

Part = tuple[NDArray[np.int32], NDArray[np.uint8], TableSet]


def random_frequencies(rng: np.random.Generator, radius: int) -> NDArray[np.int64]:
    """A table between flat and so skewed that nearly all of its frequencies are 1."""
    size = 2 * radius + 2
    weights = rng.dirichlet(np.full(size, rng.choice([0.003, 0.1, 1.0, 20.0])))
    frequencies = 1 + np.floor(weights * ((1 << PRECISION) - 2 * size)).astype(np.int64)
    frequencies[-1] += 1
    frequencies[rng.integers(size)] += (1 << PRECISION) - frequencies.sum()
    return frequencies


def random_part(seed: int, size: int, radii: tuple[int, ...]) -> Part:
    """Symbols drawn from random tables; escapes get a random value outside their table."""
    rng = np.random.default_rng(seed)
    tables = TableSet.from_frequencies([random_frequencies(rng, radius) for radius in radii])
    indexes = rng.integers(0, len(tables), size).astype(np.uint8)
    symbols = np.zeros(size, dtype=np.int32)
    for index in range(1, len(tables)):
        radius = int(tables.radius[index])
        positions = np.flatnonzero(indexes == index)
        drawn = (
            rng.choice(2 * radius + 2, positions.size, p=tables.frequencies(index) / (1 << PRECISION))
            - radius
        )
        outside = rng.choice([-1, 1], positions.size) * (
            radius + np.minimum(rng.geometric(0.2, positions.size), 900)
        )
        symbols[positions] = np.where(drawn > radius, outside, drawn)
    return symbols, indexes, tables


@pytest.fixture
def make_part() -> Callable[..., Part]:
    return random_part


@pytest.fixture
def make_frequencies() -> Callable[..., NDArray[np.int64]]:
    return random_frequencies
