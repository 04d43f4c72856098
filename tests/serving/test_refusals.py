"""What requests a server refuses, and how it says so."""

import base64
import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

import cotam
from cotam.client import image_part

QUESTION = "how many stars are there?"
Serve = Callable[..., Any]


def url_part(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes with a large picture in its header."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def encoded_part(data: bytes, mime: str = "image/png") -> dict[str, Any]:
    return url_part(f"data:{mime};base64,{base64.b64encode(data).decode()}")


def test_a_bad_stream_names_its_part(local: Any, photo: Image.Image) -> None:
    stream = bytearray(cotam.encode(photo, 30))
    stream[-1] ^= 1
    bad = encoded_part(bytes(stream), "image/x-cotam")
    error = local.error(local.ask(image_part(photo), QUESTION, bad), 400)
    assert (error["param"], error["code"]) == ("messages[0].content[2]", "bad_stream")
    assert error["type"] == "invalid_request_error"
    assert error["message"].startswith("messages[0].content[2]: is a bad cotam stream")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("data:image/x-cotam;base64,i0NUTR!!", "bad_base64"),
        ("data:image/x-cotam;base64,i0NUT", "bad_base64"),
        ("data:image/x-cotam;base64,", "bad_image"),
        ("data:image/png,plain", "invalid_value"),
        ("data:text/html;base64,aGk=", "bad_media_type"),
        ("data:image/gif;base64,R0lGODlhAQABAAAAACw=", "bad_image"),
        ("file:///etc/passwd", "invalid_value"),
        ("", "invalid_value"),
    ],
)
def test_what_is_no_picture_is_refused(local: Any, url: str, code: str) -> None:
    error = local.error(local.ask(url_part(url), QUESTION), 400)
    assert (error["param"], error["code"]) == ("messages[0].content[0]", code)


def test_damaged_files_are_refused_by_name(local: Any, photo: Image.Image) -> None:
    buffer = io.BytesIO()
    photo.save(buffer, "PNG")
    error = local.error(local.ask(encoded_part(buffer.getvalue()[:-60]), QUESTION), 400)
    assert (error["param"], error["code"]) == ("messages[0].content[0]", "bad_image")


@pytest.mark.parametrize("side", [5000, 60_000])
def test_bombs_are_refused_by_their_header(local: Any, side: int) -> None:
    error = local.error(local.ask(encoded_part(png_that_claims(side, side)), QUESTION), 400)
    assert (error["param"], error["code"]) == ("messages[0].content[0]", "image_too_large")


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "messages"),
        (
            {"messages": [{"role": "tool", "content": "x"}, {"role": "user", "content": "x"}]},
            "messages[0].role",
        ),
        ({"messages": [{"role": "user", "content": "  "}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": None}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": "x"}] * 300}, "messages"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 10**6}, "max_tokens"),
        ({"max_tokens": "6"}, "max_tokens"),
        ({"stream": "yes"}, "stream"),
        ({"n": 2}, "n"),
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"model": 3}, "model"),
    ],
)
def test_a_wrong_request_is_told_where(local: Any, change: dict[str, Any], param: str) -> None:
    error = local.error(local.post({**local.body(QUESTION), **change}), 400)
    assert error["param"] == param


def test_an_unknown_model_is_a_404_that_names_the_known_one(local: Any) -> None:
    error = local.error(local.ask(QUESTION, model="gpt-9"), 404)
    assert error["code"] == "model_not_found"
    assert "'small'" in error["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"null", b'{"model": "\xff"}', b"[" * 100_000, b"NaN"])
def test_what_is_no_json_object_is_refused(local: Any, body: bytes) -> None:
    assert local.error(local.post(body), 400)["code"] == "bad_json"


def test_unknown_routes_and_methods_have_the_same_shape(local: Any) -> None:
    assert local.error(local.client.get("/nothing"), 404)["code"] == "not_found"
    assert local.error(local.client.get("/v1/chat/completions"), 405)["code"] == "method_not_allowed"


def test_a_sequence_of_several_frames_is_refused(photo: Image.Image) -> None:
    from cotam.serving.errors import ApiError
    from cotam.serving.pictures import inspect
    from cotam.video import encode

    for count in (1, 3):
        file = io.BytesIO()
        encode([photo.resize((32, 32))] * count, file)
        if count == 1:
            assert inspect(file.getvalue(), "here").width == 32
    with pytest.raises(ApiError, match="is a sequence of 3 frames; send each as a picture of its own"):
        inspect(file.getvalue(), "here")
