import math

import numpy as np
import pytest

from cotam.metrics import psnr


def _picture(seed, shape=(20, 30, 3)):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_equal_pictures_are_infinitely_close():
    assert psnr(_picture(0), _picture(0)) == math.inf


def test_black_against_white_is_zero_decibels():
    black = np.zeros((4, 5, 3), np.uint8)
    assert psnr(black, black + 255) == pytest.approx(0)


def test_a_difference_of_one_everywhere_is_48_decibels():
    picture = np.full((8, 8, 3), 100, np.uint8)
    assert psnr(picture, picture + 1) == pytest.approx(48.1308, abs=1e-4)
    assert psnr(picture + 1, picture) == psnr(picture, picture + 1)


def test_the_mean_is_over_all_samples_and_not_per_channel():
    a = np.zeros((2, 2, 3), np.uint8)
    b = a.copy()
    b[0, 0, 1] = 12
    assert psnr(a, b) == pytest.approx(10 * math.log10(255**2 / (144 / 12)))


def test_it_equals_the_definition_in_floating_point():
    a, b = _picture(1), _picture(2)
    error = np.mean((a.astype(float) - b.astype(float)) ** 2)
    assert psnr(a, b) == pytest.approx(10 * math.log10(255**2 / error))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (_picture(0), _picture(0)[:-1]),
        (_picture(0).astype(float), _picture(0)),
        (_picture(0)[..., 0], _picture(0)[..., 0]),
        (_picture(0)[:0], _picture(0)[:0]),
    ],
)
def test_other_types_and_sizes_are_refused(a, b):
    with pytest.raises(ValueError, match="pictures must"):
        psnr(a, b)
