"""Gains rise with quality, and the inverse gains undo them until training says otherwise."""

import pytest
import torch

from cotam.models.gains import GAIN_SQUARED_PER_LMBDA, QualityGains
from cotam.ops.quality import MAX_LMBDA, MIN_LMBDA, quality_hats
from cotam.ops.quality_scale import MAX_STEP, MIN_STEP

ALL_STEPS = torch.arange(MIN_STEP, MAX_STEP + 1).view(1, 1, -1)


@pytest.fixture(params=[0.0, 1.5])
def gains(request):
    """Fresh gains, and gains of random parameters."""
    torch.manual_seed(4)
    module = QualityGains(6, 5)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) * request.param)
    return module.requires_grad_(False)


def test_gains_never_fall_with_quality(gains):
    gain, _ = gains(quality_hats(ALL_STEPS, 5))
    assert gain.shape == (1, 6, 1, ALL_STEPS.numel())
    assert (gain > 0).all()
    assert (gain.diff(dim=-1) >= 0).all()
    coarse = gain[..., :: 2 * 99]  # the nodes
    assert (coarse.diff(dim=-1) > 0).all()


def test_gains_are_interpolated_log_linearly(gains):
    at = gains(quality_hats(torch.tensor([[[MIN_STEP, MIN_STEP + 99, MIN_STEP + 198]]]), 5))[0].log()
    torch.testing.assert_close(at[..., 1], (at[..., 0] + at[..., 2]) / 2, rtol=1e-3, atol=1e-3)


def test_fresh_gains_follow_high_rate_theory_and_are_inverted():
    gain, inverse = QualityGains(6, 5)(quality_hats(ALL_STEPS, 5))
    torch.testing.assert_close(gain * inverse, torch.ones_like(gain))
    ends = gain[0, 0, 0, [0, -1]].detach().square() / GAIN_SQUARED_PER_LMBDA
    torch.testing.assert_close(ends, torch.tensor([MIN_LMBDA, MAX_LMBDA]), rtol=1e-4, atol=0)
