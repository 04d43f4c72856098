"""The hyperprior's shapes, and its table of scales in both forms."""

import pytest
import torch

from cotam.entropy_models.hyperprior import HyperAnalysis, HyperScales, HyperSynthesis
from cotam.entropy_models.structure import TABLES
from cotam.ops.fixed_point import to_integers
from cotam.ops.integers import ONE
from cotam.ops.quality import quality_hats
from cotam.ops.quality_scale import MAX_STEP, MIN_STEP


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (4, 4), (6, 9), (8, 3)])
def test_hyper_latents_lie_at_a_quarter_of_the_latents_resolution_rounded_up(size):
    analysis, synthesis = HyperAnalysis(8, 3, 8, 4), HyperSynthesis(4, 8, 6)
    hats = quality_hats(torch.full((2, *size), 300), 3)
    z = analysis(torch.ones(2, 8, *size), hats)
    assert z.shape == (2, 4, -(-size[0] // 4), -(-size[1] // 4))
    assert synthesis(z).shape == (2, 6, 4 * z.shape[2], 4 * z.shape[3])


def test_hyper_latents_are_the_same_in_training_and_outside():
    torch.manual_seed(0)
    analysis, hats = HyperAnalysis(8, 3, 8, 4), quality_hats(torch.full((1, 5, 6), 300), 3)
    y = torch.randn(1, 8, 5, 6) * torch.logspace(-4, 4, 8)[:, None, None]
    expected = analysis(y.requires_grad_(), hats)
    with torch.inference_mode():
        torch.testing.assert_close(analysis(y.detach(), hats), expected.detach())


def test_the_exact_synthesis_stays_close_to_the_one_that_was_trained():
    torch.manual_seed(0)
    synthesis = HyperSynthesis(16, 24, 12)
    z = torch.randint(-100, 101, (2, 16, 3, 4))
    expected = synthesis(z.float())
    found = to_integers(synthesis)(z.double() * ONE)
    assert torch.equal(found, found.round())
    assert (found / ONE - expected).abs().max() < 12 / ONE
    assert expected.std() > 50 / ONE


def random_scales():
    scales = HyperScales(7, 5)
    with torch.no_grad():
        scales.pace.copy_(torch.rand(5, 7, generator=torch.Generator().manual_seed(2)) * 8 - 2)
    return scales


def test_exact_scales_are_the_rounded_ones():
    scales = random_scales()
    hats = quality_hats(torch.arange(MIN_STEP, MAX_STEP + 1).view(-1, 1, 1), 5)
    expected = scales(hats)
    found = scales.to_integers()(hats)
    assert found.dtype == torch.int64
    assert found.shape == (MAX_STEP - MIN_STEP + 1, 7, 1, 1)
    assert (found - expected.clamp(1, TABLES - 1)).abs().max() <= 0.5 + 1 / ONE


def test_hyper_latents_are_always_coded():
    found = random_scales().to_integers()(quality_hats(torch.tensor([[[8]], [[500]]]), 5))
    assert (found.min(), found.max()) == (1, TABLES - 1)
