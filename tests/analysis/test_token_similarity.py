import numpy as np
import pytest
import torch

from cotam.analysis.token_similarity import cosine_similarity, linear_cka


def tokens(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_cosine_and_cka_are_those_of_numpy() -> None:
    original, coded = tokens(12, 5), tokens(2, 12, 5, seed=1)
    x = original.double().numpy()
    for n, y in enumerate(coded.double().numpy()):
        cosine = (x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)
        np.testing.assert_allclose(cosine_similarity(original, coded)[n], cosine, rtol=1e-4, atol=1e-6)
        a, b = x - x.mean(0), y - y.mean(0)
        cka = np.linalg.norm(b.T @ a) ** 2 / np.linalg.norm(a.T @ a) / np.linalg.norm(b.T @ b)
        assert linear_cka(original, coded)[n].item() == pytest.approx(cka, rel=1e-4)


def test_the_same_tokens_are_alike() -> None:
    original = tokens(12, 5)
    torch.testing.assert_close(cosine_similarity(original, original[None]), torch.ones(1, 12))
    torch.testing.assert_close(linear_cka(original, original[None]), torch.ones(1))


def test_cka_sees_no_shift_rotation_or_scale_which_cosine_sees() -> None:
    original = tokens(12, 5)
    turned = (original @ torch.linalg.qr(tokens(5, 5, seed=2))[0] * 1e-6 + 1e-5)[None]
    assert linear_cka(original, turned).item() == pytest.approx(1, abs=1e-3)
    assert cosine_similarity(original, turned).mean().item() < 0.9


def test_tokens_that_are_all_alike_have_no_alignment() -> None:
    assert linear_cka(tokens(12, 5), torch.ones(1, 12, 5)).tolist() == [0]
