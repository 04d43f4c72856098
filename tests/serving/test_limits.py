"""What a server refuses, and how it says so."""

import asyncio
import base64
import io
import json
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from PIL import Image

import cotam
from cotam.client import image_part
from cotam.serving import Limits, Settings, create_app
from cotam.serving.keys import Keys, read_keys
from cotam.serving.remote import RemoteImages, is_public

QUESTION = "how many stars are there?"
Serve = Callable[..., Any]


class Waiting:
    """A back end that answers when it is let, and remembers who left."""

    def __init__(self, *_: Any) -> None:
        self.go = threading.Event()
        self.entered, self.cancelled = 0, 0

    async def models(self, _: str | None) -> dict[str, Any]:
        return {"object": "list", "data": []}

    async def complete(self, _: Any) -> Any:
        from starlette.responses import JSONResponse

        self.entered += 1
        try:
            while not self.go.is_set():
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return JSONResponse({"answered": True})

    async def problem(self) -> str | None:
        return None

    async def close(self) -> None:
        return None


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


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


def test_bodies_images_and_tokens_are_limited(serve_app: Serve, photo: Image.Image) -> None:
    limits = Limits(body_bytes=20_000, images=2, pixels=photo.width * photo.height * 2, body_seconds=0.3)
    with serve_app(create_app(Waiting, Settings(limits))) as served:
        error = served.error(served.post(b" " * 30_000), 413)
        assert error["code"] == "body_too_large"
        chunked = served.client.post("/v1/chat/completions", content=(b" " * 5000 for _ in range(9)))
        assert served.error(chunked, 413)["code"] == "body_too_large"
        part = image_part(photo, quality=5)
        assert served.error(served.ask(part, part, part, QUESTION), 400)["code"] == "too_many_images"
        wide = image_part(photo.resize((photo.width * 2, photo.height)), quality=5)
        error = served.error(served.ask(part, wide, QUESTION), 400)
        assert (error["param"], error["code"]) == ("messages[0].content[1]", "image_too_large")


def test_a_body_that_does_not_arrive_is_given_up(serve_app: Serve) -> None:
    with serve_app(create_app(Waiting, Settings(Limits(body_seconds=0.2)))) as served:
        host, port = served.client.base_url.host, served.client.base_url.port
        with socket.create_connection((host, port), 10) as connection:
            connection.sendall(
                b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"
            )
            assert connection.recv(4096).startswith(b"HTTP/1.1 408 ")


def test_beyond_its_places_a_server_asks_to_come_again(serve_app: Serve) -> None:
    backend = Waiting()
    with serve_app(create_app(lambda _: backend, Settings(Limits(concurrent=2)))) as served:
        replies: list[httpx.Response] = []
        threads = [
            threading.Thread(target=lambda: replies.append(served.ask(QUESTION)), daemon=True)
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        until(lambda: backend.entered == 2)
        refused = served.ask(QUESTION)
        assert served.error(refused, 503)["code"] == "overloaded"
        assert refused.headers["retry-after"] == "1"
        assert served.client.get("/healthz").status_code == 200
        backend.go.set()
        for thread in threads:
            thread.join(10)
        assert [reply.json() for reply in replies] == [{"answered": True}] * 2
        assert served.ask(QUESTION).status_code == 200


def test_an_answer_that_takes_too_long_is_given_up(serve_app: Serve) -> None:
    backend = Waiting()
    with serve_app(create_app(lambda _: backend, Settings(Limits(request_seconds=0.2)))) as served:
        assert served.error(served.ask(QUESTION), 504)["code"] == "timeout"
        until(lambda: backend.cancelled == 1)


def test_work_for_a_caller_who_left_is_cancelled(serve_app: Serve) -> None:
    backend = Waiting()
    with serve_app(create_app(lambda _: backend)) as served:
        body = json.dumps(served.body(QUESTION)).encode()
        host, port = served.client.base_url.host, served.client.base_url.port
        with socket.create_connection((host, port), 10) as connection:
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
            until(lambda: backend.entered == 1)
        until(lambda: backend.cancelled == 1)
        until(lambda: served.app.state.gate.inside == 0)


def test_keys_open_the_server(serve_app: Serve) -> None:
    backend = Waiting()
    backend.go.set()
    with serve_app(create_app(lambda _: backend, Settings(api_keys=("one", "two")))) as served:
        for key in ("one", "two"):
            reply = served.post(served.body(QUESTION), authorization=f"Bearer {key}")
            assert reply.status_code == 200
        for shown in ("Bearer three", "Bearer", "one", "Basic one", "Bearer one two", "Bearer öne"):
            refused = served.client.post(
                "/v1/chat/completions",
                json=served.body(QUESTION),
                headers={"authorization": shown.encode()},
            )
            error = served.error(refused, 401)
            assert (error["type"], error["code"]) == ("authentication_error", "invalid_api_key")
            assert "three" not in error["message"]
        for path in ("/v1/models",):
            assert served.client.get(path).status_code == 401
        assert served.client.post("/demo/encode").status_code == 401
        for path in ("/healthz", "/readyz", "/metrics", "/", "/docs", "/demo/options"):
            assert served.client.get(path).status_code == 200


def test_keys_come_from_words_and_files(tmp_path: Any) -> None:
    file = tmp_path / "keys"
    file.write_text("# callers\n\nalpha\nbeta\n")
    assert read_keys(["one,two", "one"], file) == ("one", "two", "alpha", "beta")
    assert not Keys(read_keys([""])).needed
    file.write_text("# nobody\n")
    with pytest.raises(ValueError, match="has no API key"):
        read_keys([], file)
    with pytest.raises(ValueError, match="printable ASCII"):
        read_keys(["with space"])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
    ],
)
def test_private_addresses_are_known(address: str) -> None:
    assert not is_public(address)


def test_public_addresses_are_known() -> None:
    assert is_public("93.184.215.14")
    assert is_public("2606:2800:21f:cb07:6820:80da:af6b:8b2c")


def test_remote_pictures_are_refused(local: Any) -> None:
    for url in ("http://127.0.0.1/x.png", "https://example.com/x.png", "HTTP://example.com/x.png"):
        error = local.error(local.ask(url_part(url), QUESTION), 400)
        assert (error["param"], error["code"]) == ("messages[0].content[0]", "remote_image")


def test_an_allowed_host_with_a_private_address_is_refused() -> None:
    async def both(_: str, __: int) -> list[str]:
        return ["93.184.215.14", "127.0.0.1"]

    images = RemoteImages(["pictures.example"], 1000, look_up=both)
    with pytest.raises(cotam.CotamError, match="private address"):
        asyncio.run(images.fetch("http://pictures.example/x.png", "here"))
    with pytest.raises(cotam.CotamError, match="not fetched here"):
        asyncio.run(images.fetch("http://pictures.example.evil.example/x.png", "here"))
    with pytest.raises(cotam.CotamError, match="not fetched here"):
        asyncio.run(images.fetch("http://pictures.example@127.0.0.1/x.png", "here"))


def test_pictures_of_an_allowed_host_are_fetched_from_the_address_that_was_checked(
    serve_app: Serve, photo: Image.Image
) -> None:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import RedirectResponse, Response
    from starlette.routing import Route

    seen: list[str] = []
    stream = cotam.encode(photo, 30)

    def give(request: Request) -> Response:
        seen.append(request.headers["host"])
        found = {"/photo": Response(stream), "/large": Response(b"x" * 10_000)}
        return found.get(request.url.path, RedirectResponse("/photo"))

    site = Starlette(routes=[Route("/{name}", give)])
    site.state.gate = create_app(Waiting).state.gate
    with serve_app(site) as served:
        port = served.client.base_url.port

        async def look_up(_: str, __: int) -> list[str]:
            return ["127.0.0.1"]

        images = RemoteImages(["pictures.example"], 9000, look_up=look_up, permitted=lambda _: True)
        base = f"http://pictures.example:{port}"
        assert asyncio.run(images.fetch(f"{base}/photo", "here")) == stream
        assert seen == [f"pictures.example:{port}"]
        with pytest.raises(cotam.CotamError, match="more than 9000 bytes"):
            asyncio.run(images.fetch(f"{base}/large", "here"))
        with pytest.raises(cotam.CotamError, match="answers 307"):
            asyncio.run(images.fetch(f"{base}/elsewhere", "here"))


def test_limits_that_nobody_can_keep_are_refused() -> None:
    with pytest.raises(ValueError, match="concurrent must be more than 0"):
        Limits(concurrent=0)
    with pytest.raises(ValueError, match="exceed the limit of 8 tokens"):
        Limits(tokens=8)
