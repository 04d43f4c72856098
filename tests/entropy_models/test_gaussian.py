"""The distributions: against SciPy's normal distribution, and as probabilities."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from cotam.entropy_models.gaussian import (
    MIN_LIKELIHOOD,
    SCALE_MAX,
    SCALE_MIN,
    gaussian_bits,
    gaussian_probabilities,
    scale_of_index,
)
from cotam.entropy_models.structure import TABLES


def scale(index):
    return SCALE_MIN * (SCALE_MAX / SCALE_MIN) ** ((index - 1) / (TABLES - 2))


def test_scales_are_a_logarithmic_grid_over_their_range():
    scales = scale_of_index(torch.arange(1.0, TABLES)).double()
    np.testing.assert_allclose(scales, [scale(i) for i in range(1, TABLES)], rtol=1e-5)
    assert scales[0].item() == pytest.approx(SCALE_MIN, rel=1e-5)
    assert scales[-1].item() == pytest.approx(SCALE_MAX, rel=1e-5)


def test_scales_are_bounded_beyond_the_tables():
    low, high = scale_of_index(torch.tensor([-1e4, 1e4]))
    assert 0 < low < SCALE_MIN
    assert high.item() == pytest.approx(SCALE_MAX, rel=1e-5)


@pytest.mark.parametrize("index", [1.0, 7.3, 20.0, 41.5, 63.0])
def test_bits_are_those_of_a_normal_distribution(index):
    reach = 4.5 * scale(index)
    symbol = np.linspace(-reach, reach, 101)
    upper, lower = (0.5 - np.abs(symbol)) / scale(index), (-0.5 - np.abs(symbol)) / scale(index)
    expected = -np.log2(norm.cdf(upper) - norm.cdf(lower))
    plausible = expected < 25
    bits = gaussian_bits(torch.from_numpy(symbol), torch.full((101,), index, dtype=torch.float64)).numpy()
    np.testing.assert_allclose(bits[plausible], expected[plausible], rtol=1e-6, atol=1e-9)


def test_bits_are_symmetric_and_bounded_far_out():
    symbol, index = torch.tensor([-300.0, 300.0, -1e6, 1e6]), torch.full((4,), 1.0)
    bits = gaussian_bits(symbol, index)
    assert torch.equal(bits, torch.full((4,), -np.log2(MIN_LIKELIHOOD), dtype=torch.float32))


def test_bits_in_float32_have_gradients_towards_the_better_scale():
    index = torch.tensor([30.0, 30.0], requires_grad=True)
    gaussian_bits(torch.tensor([0.0, 15.0]), index).sum().backward()
    assert index.grad[0] > 0  # a zero would like a smaller scale
    assert index.grad[1] < 0


@pytest.mark.parametrize("index", [1, 2, 17, 40, 63])
@pytest.mark.parametrize("radius", [0, 1, 30, 255])
def test_probabilities_sum_to_one_with_the_rest_last(index, radius):
    probabilities = gaussian_probabilities(index, radius)
    assert probabilities.shape == (2 * radius + 2,)
    assert (probabilities >= 0).all()
    assert probabilities.sum() == pytest.approx(1, abs=1e-12)
    symbols = np.arange(-radius, radius + 1)
    expected = norm.cdf((symbols + 0.5) / scale(index)) - norm.cdf((symbols - 0.5) / scale(index))
    np.testing.assert_allclose(probabilities[:-1], expected, rtol=1e-6, atol=1e-15)
    np.testing.assert_allclose(probabilities[-1], 2 * norm.sf((radius + 0.5) / scale(index)), atol=1e-12)


def test_bits_and_probabilities_agree_on_symbols():
    for index in (3, 25, 50):
        probabilities = gaussian_probabilities(index, 4)[:-1]
        bits = gaussian_bits(torch.arange(-4, 5).double(), torch.full((9,), float(index)).double()).numpy()
        likely = probabilities > 10 * MIN_LIKELIHOOD
        np.testing.assert_allclose(bits[likely], -np.log2(probabilities[likely]), rtol=1e-5)
