import numpy as np
import pytest

from cotam.errors import ImageError
from cotam.images import MAX_PIXELS, load_image


def test_an_rgb_array_is_taken_as_it_is_and_copied():
    array = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    loaded = load_image(array)
    np.testing.assert_array_equal(loaded.pixels, array)
    assert (loaded.width, loaded.height, loaded.grey) == (7, 5, False)
    loaded.pixels[:] = 0
    assert array.any()


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1)])
def test_one_channel_is_grey(shape):
    array = np.arange(24, dtype=np.uint8).reshape(shape)
    loaded = load_image(array)
    assert loaded.grey
    assert loaded.pixels.shape == (4, 6, 3)
    for channel in range(3):
        np.testing.assert_array_equal(loaded.pixels[..., channel], array.reshape(4, 6))


def test_sixteen_bits_are_scaled_to_the_nearest_eight():
    array = np.array([[0, 128, 129, 257, 32768, 65406, 65407, 65535]], np.uint16)
    assert load_image(array).pixels[0, :, 0].tolist() == [0, 0, 1, 1, 128, 254, 255, 255]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_span_zero_to_one(dtype):
    array = np.array([[[0, 0.5, 1], [0.25, 0.125, 0.75]]], dtype)
    assert load_image(array).pixels.tolist() == [[[0, 128, 255], [64, 32, 191]]]


@pytest.mark.parametrize(("dtype", "top"), [(np.uint8, 255), (np.uint16, 65535), (np.float32, 1)])
def test_the_fourth_channel_is_alpha_over_white(dtype, top):
    array = (np.array([[[0, 0, 1, 0], [0, 0, 1, 1], [0, 0, 1, 0.2]]]) * top).astype(dtype)
    loaded = load_image(array)
    assert loaded.pixels.tolist() == [[[255, 255, 255], [0, 0, 255], [204, 204, 255]]]
    assert not loaded.grey


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4), np.int32),
        np.zeros((4, 4), bool),
        np.zeros((4, 4), complex),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((3, 4, 4), np.uint8)[:, :, :2],
        np.zeros((1, 4, 4, 3), np.uint8),
        np.zeros(4, np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.full((4, 4), 1.001),
        np.full((4, 4), -0.001),
        np.full((4, 4), np.nan),
        np.full((4, 4), np.inf),
    ],
)
def test_other_arrays_are_refused_with_what_would_be_right(array):
    with pytest.raises(ValueError, match=r"uint8, uint16, or float in 0\.\.1"):
        load_image(array)


def test_an_array_of_too_many_pixels_is_refused_before_it_is_touched():
    huge = np.broadcast_to(np.uint8(0), (MAX_PIXELS // 1024 + 1, 1024, 3))
    with pytest.raises(ImageError, match="too large"):
        load_image(huge)
