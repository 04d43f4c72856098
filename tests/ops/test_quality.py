"""Quality steps, their Lagrangians, and the integer hats through which networks see them."""

import numpy as np
import pytest
import torch

from cotam.ops.quality import MAX_LMBDA, MIN_LMBDA, lmbda_of_step, quality_hats, shift_steps
from cotam.ops.quality_scale import HAT_ONE, MAX_STEP, MIN_STEP, quality_to_step

ALL_STEPS = torch.arange(MIN_STEP, MAX_STEP + 1).view(1, 1, -1)


@pytest.mark.parametrize(
    ("quality", "step"),
    [(1, 8), (1.0, 8), (100, 800), (40, 320), (40.05, 320), (40.07, 321), (np.float32(2.5), 20)],
)
def test_quality_is_rounded_to_eighths(quality, step):
    assert quality_to_step(quality) == step


@pytest.mark.parametrize("quality", [0, 0.99, 100.01, -5, float("nan"), float("inf")])
def test_quality_out_of_range_is_refused(quality):
    with pytest.raises(ValueError, match="quality must be from 1 to 100"):
        quality_to_step(quality)


@pytest.mark.parametrize("quality", ["40", None, True, [40]])
def test_quality_of_another_type_is_refused(quality):
    with pytest.raises(TypeError, match="quality must be a number"):
        quality_to_step(quality)


def test_lmbda_is_log_linear_and_spans_its_range():
    lmbda = lmbda_of_step(ALL_STEPS).double().flatten()
    assert lmbda[0].item() == pytest.approx(MIN_LMBDA, rel=1e-5)
    assert lmbda[-1].item() == pytest.approx(MAX_LMBDA, rel=1e-5)
    torch.testing.assert_close(
        lmbda.log().diff(),
        torch.full((lmbda.numel() - 1,), lmbda.log().diff().mean()).double(),
        rtol=1e-2,
        atol=0,
    )


@pytest.mark.parametrize("nodes", [2, 3, 4, 8, 11, 16])
def test_hats_are_integers_that_sum_to_one_over_two_neighbours(nodes):
    hats = quality_hats(ALL_STEPS, nodes)[0, :, 0]
    assert hats.dtype == torch.int64
    assert hats.shape == (nodes, ALL_STEPS.numel())
    assert (hats >= 0).all()
    assert (hats.sum(0) == HAT_ONE).all()
    for column in hats.T:
        used = column.nonzero().flatten()
        assert used.numel() <= 2
        assert used[-1] - used[0] <= 1


@pytest.mark.parametrize("nodes", [2, 4, 10])
def test_hats_are_exact_at_the_nodes(nodes):
    spacing = (MAX_STEP - MIN_STEP) / (nodes - 1)
    for node in range(nodes):
        step = MIN_STEP + node * spacing
        if step.is_integer():
            hats = quality_hats(torch.full((1, 1, 1), int(step)), nodes).flatten()
            assert hats.tolist() == [HAT_ONE * (k == node) for k in range(nodes)]


def test_hats_follow_quality_monotonically():
    position = (quality_hats(ALL_STEPS, 8)[0, :, 0] * torch.arange(8)[:, None]).sum(0)
    assert (position.diff() >= 0).all()
    assert (position[0], position[-1]) == (0, 7 * HAT_ONE)


def test_hats_do_not_mix_positions():
    steps = torch.tensor([[[8, 800], [404, 9]], [[100, 200], [300, 400]]])
    hats = quality_hats(steps, 8)
    assert hats.shape == (2, 8, 2, 2)
    assert torch.equal(hats[1, :, 0, 1], quality_hats(torch.tensor([[[200]]]), 8)[0, :, 0, 0])


def test_a_level_shifts_the_step_and_stays_on_the_scale():
    levels = torch.tensor([[-1, 0, 1]], dtype=torch.int8)
    assert shift_steps(320, levels, 80).tolist() == [[240, 320, 400]]
    assert shift_steps(40, levels, 80).tolist() == [[MIN_STEP, 40, 120]]
    assert shift_steps(790, levels, 400).tolist() == [[390, 790, MAX_STEP]]
