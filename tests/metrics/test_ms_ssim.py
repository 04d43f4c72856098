import numpy as np
import pytest
import pytorch_msssim
import torch
from pytorch_msssim.ssim import _fspecial_gauss_1d, _ssim

from cotam.metrics import ms_ssim


def _pair(height, width, noise, seed=0):
    """A smooth picture with some texture, and the same with noise and a slight blur."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / rng.uniform(3, 40) + y / rng.uniform(3, 40) + c) for c in range(3)]
    clean = 128 + 70 * np.stack(waves, axis=-1) + rng.normal(0, 12, (height, width, 3))
    dirty = 0.7 * clean + 0.3 * np.roll(clean, 1, axis=1) + rng.normal(0, noise, clean.shape)
    return tuple(np.clip(np.rint(p), 0, 255).astype(np.uint8) for p in (clean, dirty))


def _reference(a, b):
    tensors = [torch.from_numpy(p).permute(2, 0, 1)[None].double() for p in (a, b)]
    return float(pytorch_msssim.ms_ssim(*tensors, data_range=255))


@pytest.mark.parametrize(("height", "width"), [(161, 161), (192, 256), (211, 173), (333, 170)])
@pytest.mark.parametrize("noise", [2, 20, 60])
def test_it_equals_pytorch_msssim(height, width, noise):
    a, b = _pair(height, width, noise)
    expected = _reference(a, b)
    assert 0.1 < expected < 1
    assert ms_ssim(a, b) == pytest.approx(expected, abs=1e-4)


def test_equal_pictures_have_similarity_one():
    a, _ = _pair(170, 170, 0)
    assert ms_ssim(a, a) == pytest.approx(1, abs=1e-12)


def test_it_is_symmetric():
    a, b = _pair(90, 120, 30)
    assert ms_ssim(a, b) == pytest.approx(ms_ssim(b, a), abs=1e-12)


def test_an_inverted_picture_is_not_below_zero():
    a, _ = _pair(170, 170, 0)
    assert ms_ssim(a, 255 - a) == 0


def test_more_noise_is_less_similar():
    values = [ms_ssim(*_pair(100, 100, noise)) for noise in (0, 10, 30, 60)]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == 4


@pytest.mark.parametrize(("side", "scales"), [(160, 4), (81, 4), (80, 3), (41, 3), (40, 2), (21, 2), (20, 1)])
def test_smaller_pictures_use_the_finest_scales_renormalised(side, scales):
    a, b = _pair(side, side + 30, 25)
    weights = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])[:scales]
    tensors = [torch.from_numpy(p).permute(2, 0, 1)[None].double() for p in (a, b)]
    expected = 1.0
    for i, weight in enumerate(weights / weights.sum()):
        window = _fspecial_gauss_1d(11, 1.5).repeat(3, 1, 1, 1).double()
        ssim, contrast = _ssim(*tensors, 255, window)
        expected = expected * torch.relu(ssim if i == scales - 1 else contrast) ** weight
        padding = [s % 2 for s in tensors[0].shape[2:]]
        tensors = [torch.nn.functional.avg_pool2d(t, 2, padding=padding) for t in tensors]
    assert ms_ssim(a, b) == pytest.approx(float(expected.mean()), abs=1e-5)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 50), (2, 3), (10, 200), (11, 11)])
def test_pictures_smaller_than_the_window_still_get_a_value(height, width):
    a, b = _pair(height, width, 20)
    assert ms_ssim(a, a) == pytest.approx(1)
    assert 0 <= ms_ssim(a, b) < 1


def test_pictures_of_different_size_are_refused():
    a, b = _pair(20, 20, 5)
    with pytest.raises(ValueError, match="same size"):
        ms_ssim(a, b[:19])
