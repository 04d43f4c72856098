import pytest
import torch

from cotam.training.losses import (
    fidelity_weights,
    level_weights,
    multi_level_fidelity,
    surrogate,
    surrogate_weights,
    zero_shot_cross_entropy,
)


def randn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_equal_tokens_lose_nothing() -> None:
    tokens = randn(2, 5, 4)
    found = multi_level_fidelity([(tokens, tokens), (tokens, tokens)], (tokens, tokens))
    assert found.loss == found.low == found.high == 0


def test_low_and_high_terms_are_weighted_mean_squares() -> None:
    zero, one = torch.zeros(2, 5, 4), torch.ones(2, 5, 4)
    found = multi_level_fidelity([(one, zero), (3 * one, zero)], (2 * one, zero))
    assert found.low.item() == pytest.approx((1 + 9) / 2)
    assert found.high.item() == pytest.approx(4)
    assert found.loss.item() == pytest.approx(0.1 * 5 + 1.0 * 4)


def test_the_first_fifth_looks_at_low_levels_alone() -> None:
    assert fidelity_weights(0.0) == fidelity_weights(0.199) == (0.1, 0.0)
    assert fidelity_weights(0.2) == fidelity_weights(1.0) == (0.1, 1.0)
    assert fidelity_weights(0.1, low_only=0.3) == (0.1, 0.0)
    assert fidelity_weights(0.0, low_only=0.0) == (0.1, 1.0)
    coded = randn(1, 3, 4).requires_grad_()
    high = randn(1, 3, 4, seed=1).requires_grad_()
    zero = torch.zeros(1, 3, 4)
    multi_level_fidelity([(coded, zero)], (high, zero), fidelity_weights(0.1)).loss.backward()
    assert coded.grad is not None
    assert high.grad is None


def test_errors_in_raised_cells_cost_more() -> None:
    levels = torch.tensor([[-1.0, 0.0, 1.0]])
    weights = level_weights(levels, prefix=1)
    assert weights[0, 0] == 1
    assert weights[0, 1:].mean().item() == pytest.approx(1)
    assert (weights[0, 3] / weights[0, 1]).item() == pytest.approx(4)
    zero = torch.zeros(1, 4, 2)
    losses = []
    for token in (1, 3):
        coded = zero.clone()
        coded[0, token] = 1
        losses.append(multi_level_fidelity([(coded, zero)], (zero, zero), token_weights=weights).loss.item())
    assert losses[1] == pytest.approx(4 * losses[0])


def test_pictures_weigh_what_they_are_said_to() -> None:
    zero, coded = torch.zeros(2, 5, 4), torch.stack([torch.ones(5, 4), 2 * torch.ones(5, 4)])
    found = multi_level_fidelity([(coded, zero)], (coded, zero), picture_weights=torch.tensor([3.0, 0.5]))
    assert found.loss.item() == pytest.approx((0.1 + 1.0) * (3 * 1 + 0.5 * 4) / 2)
    assert found.low.item() == found.high.item() == pytest.approx((1 + 4) / 2)  # figures are of no weight


def test_a_uniform_map_weighs_nothing() -> None:
    assert torch.equal(level_weights(torch.ones(2, 6), prefix=1), torch.ones(2, 7))


def test_the_original_gets_no_gradient() -> None:
    coded, original = randn(1, 3, 4).requires_grad_(), randn(1, 3, 4, seed=1).requires_grad_()
    multi_level_fidelity([(coded, original)], (coded, original)).loss.backward()
    assert original.grad is None


def test_tokens_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        multi_level_fidelity([(randn(1, 3, 4), randn(1, 1, 4))], (randn(1, 3, 4), randn(1, 3, 4)))


def test_classification_prefers_the_right_text_and_ignores_length() -> None:
    texts = torch.eye(3)
    right = zero_shot_cross_entropy(5 * texts, texts, torch.arange(3))
    wrong = zero_shot_cross_entropy(5 * texts, texts, torch.tensor([1, 2, 0]))
    assert right.item() == pytest.approx(0, abs=1e-6)
    assert wrong.item() == pytest.approx(100, rel=1e-4)
    uniform = zero_shot_cross_entropy(torch.ones(1, 3), texts, torch.tensor([0]))
    assert uniform.item() == pytest.approx(torch.tensor(3.0).log().item())


def test_the_surrogate_has_three_phases() -> None:
    assert surrogate_weights(0.0) == surrogate_weights(0.33) == (100.0, 0.0)
    assert surrogate_weights(0.34) == surrogate_weights(0.66) == (1.0, 100.0)
    assert surrogate_weights(0.67) == surrogate_weights(1.0) == (0.0, 100.0)


@pytest.mark.parametrize("progress", [0.1, 0.5, 0.9])
def test_the_surrogate_is_the_weighted_sum_of_its_terms(progress: float) -> None:
    coded, original = randn(2, 4).requires_grad_(), randn(2, 4, seed=1).requires_grad_()
    weights = surrogate_weights(progress)
    found = surrogate(coded, original, torch.eye(4), torch.tensor([0, 3]), weights)
    expected = weights[0] * found.cross_entropy + weights[1] * found.distillation
    torch.testing.assert_close(found.loss.detach(), expected)
    assert found.distillation.item() == pytest.approx((coded - original).square().mean().item())
    found.loss.backward()
    assert coded.grad is not None
    assert original.grad is None
