import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from cotam.images import load_image, save_image_atomically, to_pil
from cotam.images.metadata import EXIF_PREFIX, Metadata, orientation, upright

ORIENTATION, ARTIST = 0x0112, 0x013B
XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6" dc:x="y"/></x:xmpmeta>'
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _picture():
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (6, 4, 3), dtype=np.uint8))


def _exif(value, artist="somebody"):
    exif = Image.Exif()
    exif[ARTIST] = artist
    exif[ORIENTATION] = value
    return exif.tobytes()


def _encoded(image, image_format="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "TIFF"])
def test_orientation_is_applied_to_the_pixels(value, image_format):
    options = {"lossless": True} if image_format == "WEBP" else {}
    data = _encoded(_picture(), image_format, exif=_exif(value), **options)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    np.testing.assert_array_equal(load_image(data).pixels, np.asarray(expected.convert("RGB")))
    assert load_image(data).pixels.shape == ((4, 6, 3) if value >= 5 else (6, 4, 3))


def test_the_kept_exif_is_upright_and_otherwise_unchanged():
    loaded = load_image(_encoded(_picture(), "JPEG", exif=_exif(6)))
    assert loaded.exif == _exif(1)


def test_metadata_survives_saving_and_loading_again(tmp_path):
    first = load_image(_encoded(_picture(), exif=_exif(8), icc_profile=SRGB))
    path = tmp_path / "again.png"
    save_image_atomically(to_pil(first.pixels), path, exif=first.exif, icc_profile=first.icc)
    again = load_image(path)
    np.testing.assert_array_equal(again.pixels, first.pixels)
    assert (again.exif, again.icc) == (first.exif, SRGB)
    with Image.open(path) as image:
        assert image.getexif()[ARTIST] == "somebody"


def test_a_picture_without_metadata_has_none():
    loaded = load_image(_encoded(_picture()))
    assert (loaded.exif, loaded.icc, loaded.xmp) == (None, None, None)


def test_orientation_in_xmp_alone_is_applied_and_reset():
    loaded = load_image(_encoded(_picture(), "JPEG", xmp=XMP))
    assert loaded.pixels.shape == (4, 6, 3)
    assert loaded.xmp == XMP.replace(b'"6"', b'"1"')


def test_exif_wins_over_xmp():
    loaded = load_image(_encoded(_picture(), "JPEG", exif=_exif(1), xmp=XMP))
    assert loaded.pixels.shape == (6, 4, 3)
    assert b'Orientation="1"' in loaded.xmp


def test_a_profile_is_kept_only_where_it_fits_the_pixels():
    assert load_image(_encoded(_picture(), icc_profile=SRGB)).icc == SRGB
    assert load_image(_encoded(_picture().convert("L"), "TIFF", icc_profile=SRGB)).icc is None
    cmyk = SRGB[:16] + b"CMYK" + SRGB[20:]
    assert load_image(_encoded(_picture().convert("CMYK"), "JPEG", icc_profile=cmyk)).icc is None


def test_both_byte_orders_of_exif_are_understood():
    little = (
        EXIF_PREFIX + b"II*\0" + bytes([8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0])
    )
    big = (
        EXIF_PREFIX + b"MM\0*" + bytes([0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 3, 0, 0, 0, 0, 0, 0])
    )
    for exif in (little, big):
        metadata = Metadata(exif, None, None)
        assert orientation(metadata) == 3
        assert orientation(upright(metadata)) == 1
        assert sum(a != b for a, b in zip(upright(metadata).exif, exif, strict=True)) == 1


@pytest.mark.parametrize("value", [0, 9, 255])
def test_an_orientation_that_does_not_exist_counts_as_upright(value):
    loaded = load_image(_encoded(_picture(), exif=_exif(value)))
    np.testing.assert_array_equal(loaded.pixels, np.asarray(_picture()))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(max_size=40), st.integers(0, 40), st.integers(0, 60))
def test_damaged_exif_gives_an_orientation_and_keeps_its_length(noise, at, end):
    exif = _exif(6)
    damaged = (exif[:at] + noise + exif[at + len(noise) :])[:end]
    metadata = Metadata(damaged, None, None)
    assert 1 <= orientation(metadata) <= 8
    assert len(upright(metadata).exif) == len(damaged)
    assert orientation(upright(metadata)) == 1
