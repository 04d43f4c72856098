"""What training takes for the encoder's choice is the encoder's choice."""

import torch

from cotam.codec.quantisation import Quantiser
from cotam.entropy_models.choosing import choose_straight_through
from cotam.entropy_models.gaussian import scale_of_index
from cotam.training.calibration import gaussian_tables


def test_symbols_are_those_of_the_encoder_but_for_the_rounding_of_its_tables():
    generator = torch.Generator().manual_seed(1)
    index = torch.randint(0, 40, (50_000,), generator=generator)
    rest = scale_of_index(index.float()) * torch.randn(50_000, generator=generator)
    expected = Quantiser(gaussian_tables())(rest.double(), index)
    assert (choose_straight_through(rest, index.float()) != expected).float().mean() < 0.002
    plain = torch.where(index > 0, torch.round(rest), torch.zeros(()))
    assert (plain != expected).float().mean() > 0.03


def test_the_gradient_is_that_of_the_identity_and_goes_to_the_latents_alone():
    rest = torch.tensor([0.7, -1.8, 0.2], requires_grad=True)
    index = torch.tensor([5.0, 20.0, 0.0], requires_grad=True)
    choose_straight_through(rest, index).sum().backward()
    assert rest.grad.tolist() == [1, 1, 1]
    assert index.grad is None
