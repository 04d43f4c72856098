import base64
import io
import json
import re

import pytest
from PIL import Image


@pytest.fixture
def large_photo(tmp_path):
    """A picture at which every codec can come down to cotam's bytes, or not, as its file may be."""
    path = tmp_path / "large [photo].png"
    Image.effect_mandelbrot((160, 96), (-2, -1, 1, 1), 100).convert("RGB").save(path)
    return path


def test_a_png_page_has_a_column_for_the_original_and_each_codec(
    cotam, large_photo, random_model_path, tmp_path
):
    ran = cotam("compare", large_photo, "-o", tmp_path / "page.png", "--model", random_model_path)
    page = Image.open(tmp_path / "page.png")
    assert ran.code == 0
    assert page.format == "PNG"
    assert page.width > 5 * 400


def test_an_html_page_needs_no_other_file(cotam, large_photo, random_model_path, tmp_path):
    cotam("compare", large_photo, "-o", tmp_path / "page.html", "--model", random_model_path)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    sources = re.findall(r'src="([^"]*)"', page)
    assert len(sources) == 10
    for source in sources:
        assert Image.open(io.BytesIO(base64.b64decode(source.partition("base64,")[2]))).width > 0
    assert all(name in page for name in ("Original", "cotam", "JPEG", "WebP", "AVIF", "PSNR", "MS-SSIM"))


def test_json_figures_keep_rivals_within_cotam_s_bytes_or_say_that_they_cannot(
    cotam, large_photo, random_model_path
):
    report = json.loads(cotam("compare", large_photo, "--json", "--model", random_model_path, "-q", 60).out)
    limit = report["codecs"][0]["bytes"]
    assert [item["codec"] for item in report["codecs"]] == ["cotam", "JPEG", "WebP", "AVIF"]
    assert all((item["bytes"] <= limit) == item["fits"] for item in report["codecs"])


def test_a_page_or_figures_must_be_asked_for(cotam, large_photo):
    ran = cotam("compare", large_photo)
    assert ran.code == 2
    assert "-o page.png" in ran.problem


@pytest.mark.parametrize("name", ["page.gif", "page", "nowhere/page.png"])
def test_a_page_of_another_kind_or_nowhere_is_bad_use(cotam, large_photo, tmp_path, name):
    assert cotam("compare", large_photo, "-o", tmp_path / name).code == 2
