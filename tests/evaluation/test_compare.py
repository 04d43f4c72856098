import numpy as np
import pytest

from cotam.evaluation.compare import compare_picture, detail_box, largest_within
from cotam.evaluation.comparison_captions import panels
from cotam.evaluation.comparison_html import comparison_html
from cotam.evaluation.rivals import Coded
from cotam.images import load_image


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("limit", [10, 11, 57, 109, 110, 5000])
def test_bisection_finds_the_highest_quality_that_fits(limit):
    asked = []

    def encode(quality: float) -> Coded:
        asked.append(quality)
        return Coded(bytes(10 + int(quality)))

    quality, data = largest_within(encode, limit)
    assert quality == min(limit - 10, 100)
    assert len(data) == 10 + quality
    assert len(asked) <= 8


def test_where_nothing_fits_the_smallest_file_is_returned():
    assert largest_within(lambda quality: Coded(bytes(10 + int(quality))), 9) == (0, bytes(10))


def test_the_detail_is_where_the_picture_changes_most():
    picture = np.full((100, 200, 3), 90, dtype=np.uint8)
    picture[60:80, 150:170] = noise(20, 20)
    left, top, right, bottom = detail_box(picture, side=30)
    assert (right - left, bottom - top) == (30, 30)
    assert left <= 150
    assert right >= 170
    assert top <= 60
    assert bottom >= 80


@pytest.mark.parametrize("shape", [(1, 1), (3, 50), (128, 128)])
def test_a_detail_never_leaves_a_small_picture(shape):
    left, top, right, bottom = detail_box(noise(*shape))
    assert (left, top) >= (0, 0)
    assert right <= shape[1]
    assert bottom <= shape[0]
    assert right - left == bottom - top == min(*shape)


def test_a_rival_that_cannot_come_down_is_shown_at_its_smallest(random_codec):
    comparison = compare_picture(random_codec, load_image(np.full((16, 16, 3), 90, dtype=np.uint8)), "flat")
    jpeg = next(item for item in comparison.renditions if item.codec == "JPEG")
    assert not jpeg.fits
    assert f"smallest possible is {len(jpeg.data)} bytes" in comparison_html(comparison)


def test_codecs_are_announced_in_order(random_codec):
    names: list[str] = []
    compare_picture(random_codec, load_image(noise(16, 16)), "noise", on_start=names.append)
    assert names == ["cotam", "JPEG", "WebP", "AVIF"]


def test_a_codec_that_cannot_take_the_picture_is_left_out_with_its_reason(random_codec, monkeypatch):
    from cotam.errors import CotamError
    from cotam.evaluation import compare

    real = compare.load_rivals

    def without_avif(names):
        if names == ["avif"]:
            raise CotamError("this build cannot write AVIF")
        return real(names)

    monkeypatch.setattr(compare, "load_rivals", without_avif)
    comparison = compare_picture(random_codec, load_image(noise(16, 16)), "noise")
    assert comparison.missing == {"AVIF": "this build cannot write AVIF"}
    assert [panel.name for panel in panels(comparison)] == ["Original", "cotam", "JPEG", "WebP"]
    assert "AVIF left out: this build cannot write AVIF" in comparison_html(comparison)


def test_names_are_escaped_in_html(random_codec):
    comparison = compare_picture(random_codec, load_image(noise(16, 16)), "<b>&")
    assert "&lt;b&gt;&amp;" in comparison_html(comparison)
    assert "<b>&" not in comparison_html(comparison)


def test_a_grey_picture_is_coded_as_grey(random_codec):
    grey = load_image(noise(16, 16)[..., 0])
    comparison = compare_picture(random_codec, grey, "grey")
    assert (np.ptp(comparison.cotam.pixels.astype(int), axis=2) == 0).all()
