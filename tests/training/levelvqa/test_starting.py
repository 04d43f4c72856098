"""The start of a tower: lowest frequencies, places, similar queries and keys."""

import torch

from cotam.training.levelvqa.starting import frequency_kernels, sine_positions


def test_kernels_are_orthogonal_patterns_of_three_mixes():
    kernels = frequency_kernels(192, 16).flatten(1)
    unit = kernels / kernels.norm(dim=1, keepdim=True)
    luma = unit[:128]
    torch.testing.assert_close(luma @ luma.T, torch.eye(128), atol=1e-5, rtol=0)
    assert (unit.norm(dim=1) - 1).abs().max() < 1e-5
    assert torch.linalg.matrix_rank(kernels) == 192


def test_the_first_kernel_sees_the_mean_and_the_others_nothing_of_a_grey_patch():
    grey = torch.full((3, 16, 16), 0.7)
    seen = torch.einsum("ncij,cij->n", frequency_kernels(192, 16), grey)
    assert seen[0] > 1
    assert seen[1:].abs().max() < 1e-4


def test_a_small_width_takes_fewer_frequencies():
    assert frequency_kernels(12, 16).flatten(1).norm(dim=1).min() > 0


def test_places_differ_and_neighbours_are_alike():
    places = sine_positions(14, 192)
    assert places.shape == (196, 192)
    likeness = places @ places.T / 96
    assert likeness[0, 1] > likeness[0, 5]
    assert likeness[0, 14] > likeness[0, 70]
    assert (likeness.fill_diagonal_(0) < 0.999).all()
