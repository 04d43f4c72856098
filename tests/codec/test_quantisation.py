"""The encoder's choice of symbols, against its definition."""

import math

import numpy as np
import torch

from cotam.codec.quantisation import Quantiser
from cotam.entropy_coding import TableSet, quantise_probabilities
from cotam.entropy_models.gaussian import gaussian_probabilities


def some_tables():
    return TableSet.from_frequencies(
        [quantise_probabilities(gaussian_probabilities(index, radius)) for index, radius in ((5, 2), (30, 9))]
    )


def by_definition(rest, index, quantise):
    """The nearer of two magnitudes, or the smaller one if it saves more than the distortion that it adds is worth."""
    magnitude = abs(rest)
    symbol = math.floor(magnitude + 0.5)
    thresholds = quantise.thresholds[index]
    if 0 < symbol < len(thresholds) and magnitude < symbol - 0.5 + float(thresholds[symbol]):
        symbol -= 1
    return math.copysign(symbol, rest) if index else 0.0


def test_symbols_are_those_of_the_definition_in_any_shape_and_memory_order():
    rng = np.random.default_rng(3)
    rest = torch.from_numpy(rng.normal(0, 4, (3, 6, 5, 4)))
    rest[0] = torch.from_numpy(rng.integers(-14, 15, (6, 5, 4)) / 2)
    indexes = torch.from_numpy(rng.integers(0, 3, (3, 6, 5, 4), dtype=np.uint8))
    quantise = Quantiser(some_tables())
    expected = [
        by_definition(r, i, quantise)
        for r, i in zip(rest.flatten().tolist(), indexes.flatten().tolist(), strict=True)
    ]
    found = quantise(rest.transpose(1, 3).contiguous().transpose(1, 3), indexes)
    assert found.flatten().tolist() == expected
    assert 0 < sum(map(bool, expected)) < rest.numel()


def test_without_a_worth_of_bits_it_rounds():
    rest = torch.tensor([-2.6, -0.5, -0.2, 0.0, 0.49, 0.5, 1.7, 40.2], dtype=torch.float64)
    found = Quantiser(some_tables(), math.inf)(rest, torch.full((8,), 2, dtype=torch.uint8))
    assert found.tolist() == [-3, -1, 0, 0, 0, 1, 2, 40]
