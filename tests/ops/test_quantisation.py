"""Rounding for training."""

import torch

from cotam.ops.quantisation import add_uniform_noise, round_straight_through


def test_rounding_is_half_up_with_the_gradient_of_the_identity():
    x = torch.tensor([-1.5, -0.5, 0.49, 0.5, 2.5], requires_grad=True)
    rounded = round_straight_through(x)
    assert rounded.tolist() == [-1.0, 0.0, 0.0, 1.0, 3.0]
    (rounded * torch.arange(5.0)).sum().backward()
    assert x.grad.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_noise_is_uniform_within_half_a_step_and_seeded():
    x = torch.linspace(-3, 3, 20_000)
    first = add_uniform_noise(x, torch.Generator().manual_seed(5)) - x
    second = add_uniform_noise(x, torch.Generator().manual_seed(5)) - x
    assert torch.equal(first, second)
    assert -0.5001 <= first.min() < -0.49
    assert 0.49 < first.max() <= 0.5001
    assert abs(first.mean()) < 0.01
    assert abs(first.var() - 1 / 12) < 0.003
