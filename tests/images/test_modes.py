import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from cotam.images import load_image


def _rgb():
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 8, 3), dtype=np.uint8))


def _encoded(image, image_format, **options):
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "RGBX", "HSV", "YCbCr", "CMYK", "P"])
def test_coloured_modes_become_what_pillow_converts_them_to(mode):
    image = _rgb().convert(mode)
    loaded = load_image(image)
    np.testing.assert_array_equal(loaded.pixels, np.asarray(image.convert("RGB")))
    assert not loaded.grey


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_grey_modes_are_grey_and_have_equal_channels(mode):
    image = _rgb().convert("L").convert(mode)
    loaded = load_image(image)
    assert loaded.grey
    np.testing.assert_array_equal(loaded.pixels, np.asarray(image.convert("L").convert("RGB")))


def test_sixteen_bit_png_is_scaled_and_not_clipped():
    values = np.array([[0, 256, 32768, 65535]], np.uint16)
    loaded = load_image(_encoded(Image.fromarray(values), "PNG"))
    assert loaded.grey
    assert loaded.pixels[0, :, 0].tolist() == [0, 1, 128, 255]


@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
def test_both_byte_orders_of_sixteen_bits_are_read(mode):
    order = "<u2" if mode == "I;16" else ">u2"
    image = Image.frombytes(mode, (2, 1), np.array([257, 65535], order).tobytes())
    assert load_image(image).pixels[0, :, 0].tolist() == [1, 255]


def test_a_dark_sixteen_bit_pgm_stays_dark():
    pgm = b"P5 2 1 65535\n" + np.array([200, 0], ">u2").tobytes()
    assert load_image(pgm).pixels[0, :, 0].tolist() == [1, 0]


def test_a_transparent_value_of_a_sixteen_bit_png_is_white():
    data = _encoded(Image.fromarray(np.array([[100, 40000]], np.uint16)), "PNG", transparency=100)
    assert load_image(data).pixels[0, :, 0].tolist() == [255, 156]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 0.5, 1], [0, 128, 255]),
        ([0, 100, 255], [0, 100, 255]),
        ([0, 32768, 65535], [0, 128, 255]),
        ([-1, 0, 1], [0, 128, 255]),
        ([1e6, 2e6, 3e6], [0, 128, 255]),
        ([np.nan, 100, np.inf], [0, 100, 0]),
        ([np.nan, np.nan, np.nan], [0, 0, 0]),
        ([-5, -5, -5], [0, 0, 0]),
    ],
)
def test_float_mode_takes_the_smallest_range_that_holds_the_values(values, expected):
    loaded = load_image(Image.fromarray(np.array([values], np.float32)))
    assert loaded.grey
    assert loaded.pixels[0, :, 0].tolist() == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0, 1, 255], [0, 1, 255]), ([0, 257, 65535], [0, 1, 255]), ([-10, 0, 10], [0, 128, 255])],
)
def test_integer_mode_takes_the_smallest_range_that_holds_the_values(values, expected):
    assert load_image(Image.fromarray(np.array([values], np.int32))).pixels[0, :, 0].tolist() == expected


@pytest.mark.parametrize("mode", ["RGBA", "RGBa", "LA", "La"])
def test_transparency_is_composited_on_white(mode):
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 0, 102))
    image = image.convert("LA").convert("La") if mode == "La" else image.convert(mode)
    assert load_image(image).pixels.tolist() == [[[255] * 3, [153] * 3]]


def test_a_palette_with_alpha_is_composited_on_white():
    image = Image.new("PA", (2, 1), (0, 0))
    image.putpalette([0, 0, 0])
    image.putpixel((1, 0), (0, 102))
    assert load_image(image).pixels.tolist() == [[[255] * 3, [153] * 3]]


def test_a_transparent_palette_entry_is_white():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    for image_format in ("PNG", "GIF"):
        loaded = load_image(_encoded(image, image_format, transparency=0))
        assert loaded.pixels.tolist() == [[[255, 255, 255], [40, 50, 60]]]
        assert not loaded.grey


def test_a_transparent_colour_of_an_rgb_png_is_white():
    image = Image.new("RGB", (2, 1), (1, 2, 3))
    image.putpixel((1, 0), (9, 9, 9))
    data = _encoded(image, "PNG", transparency=(1, 2, 3))
    assert load_image(data).pixels.tolist() == [[[255] * 3, [9, 9, 9]]]


def test_lab_becomes_srgb_and_back():
    image = Image.new("RGB", (4, 4), (200, 80, 40))
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.profileToProfile(image, *profiles, outputMode="LAB")
    difference = load_image(_encoded(lab, "TIFF")).pixels.astype(int) - (200, 80, 40)
    assert np.abs(difference).max() <= 3


def test_a_cmyk_jpeg_has_the_right_colours():
    image = Image.new("RGB", (16, 16), (250, 20, 30)).convert("CMYK")
    loaded = load_image(_encoded(image, "JPEG", quality=95))
    assert np.abs(loaded.pixels.astype(int) - (250, 20, 30)).max() <= 4


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_frame_is_loaded(image_format):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    options = {"lossless": True} if image_format == "WEBP" else {}
    data = _encoded(frames[0], image_format, save_all=True, append_images=frames[1:], **options)
    assert Image.open(io.BytesIO(data)).n_frames == 2
    assert load_image(data).pixels[8, 8].tolist() == [255, 0, 0]


def test_the_given_image_is_left_as_it_is():
    image = _rgb().convert("RGBA")
    before = image.tobytes()
    load_image(image).pixels[:] = 0
    assert image.mode == "RGBA"
    assert image.tobytes() == before
