"""Ordinary pictures that are coded where they arrive."""

from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

import cotam
from cotam.client import image_part
from cotam.serving.pictures import data_url, encoded
from cotam.serving.settings import Rate, Settings

QUESTION = "how many stars are there?"


def png_part(photo: Image.Image) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": data_url(encoded(photo, "PNG"), "png")}}


def test_a_png_is_answered_as_the_stream_that_it_becomes(
    local: Any, serve_mllm: Callable[..., Any], make_photo: Callable[..., Image.Image]
) -> None:
    photos = [make_photo(seed=seed) for seed in range(4)]
    with serve_mllm(Settings(coding=Rate(quality=5))) as coding:
        answers = [coding.text(png_part(photo), QUESTION) for photo in photos]
        received = coding.count("cotam_image_bytes_received_total")
    assert answers == [local.text(image_part(photo, quality=5), QUESTION) for photo in photos]
    assert answers != [local.text(png_part(photo), QUESTION) for photo in photos]
    assert received == sum(len(cotam.encode(photo, 5)) for photo in photos)


def test_bits_per_pixel_are_kept_and_streams_stay_as_they_are(
    serve_mllm: Callable[..., Any], photo: Image.Image
) -> None:
    stream = cotam.encode(photo, 70)
    with serve_mllm(Settings(coding=Rate(bpp=0.5))) as coding:
        coding.text(png_part(photo), QUESTION)
        received = coding.count("cotam_image_bytes_received_total")
        assert 0 < received <= 0.5 * photo.width * photo.height / 8
        coding.text(image_part(stream), QUESTION)
        assert coding.count("cotam_image_bytes_received_total") == received + len(stream)


def test_an_upstream_gets_the_coded_picture(
    local: Any, serve_proxy: Callable[..., Any], photo: Image.Image
) -> None:
    with serve_proxy(local.url, Settings(coding=Rate(quality=5))) as near:
        assert near.text(png_part(photo), QUESTION) == local.text(image_part(photo, quality=5), QUESTION)


def test_a_rate_out_of_reach_is_the_parts_fault(serve_mllm: Callable[..., Any], photo: Image.Image) -> None:
    with serve_mllm(Settings(coding=Rate(bpp=0.001))) as coding:
        error = coding.error(coding.ask(png_part(photo), QUESTION), 400)
    assert error["code"] == "rate_out_of_reach"
    assert error["param"] == "messages[0].content[0]"


@pytest.mark.parametrize(
    "given", [{}, {"quality": 3, "bpp": 1}, {"quality": 0}, {"bpp": 0.0}, {"bpp": float("nan")}]
)
def test_what_is_no_rate_is_refused(given: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"quality|bits per pixel"):
        Rate(**given)
