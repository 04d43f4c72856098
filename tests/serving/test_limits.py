"""What a server takes at most, and from whom."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from PIL import Image

from cotam.client import image_part
from cotam.serving import Limits, Settings, create_app
from cotam.serving.keys import Keys, read_keys

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


def test_limits_that_nobody_can_keep_are_refused() -> None:
    with pytest.raises(ValueError, match="concurrent must be more than 0"):
        Limits(concurrent=0)
    with pytest.raises(ValueError, match="exceed the limit of 8 tokens"):
        Limits(tokens=8)
