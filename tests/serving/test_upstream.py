"""The proxy: the same answers as the server behind it, which sees no cotam."""

import base64
import io
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

import cotam
from cotam.client import image_part
from cotam.serving import Settings, UpstreamBackend
from cotam.serving.admission import Gate

QUESTION = "how many stars are there?"
Serve = Callable[..., Any]


class Recorder:
    """An upstream that writes down what it is sent, and answers as it was told."""

    def __init__(self, *answers: Response) -> None:
        self.answers, self.bodies, self.headers = list(answers), list[Any](), list[dict[str, str]]()
        self.app = Starlette(
            routes=[
                Route("/v1/chat/completions", self._chat, methods=["POST"]),
                Route("/v1/models", lambda _: JSONResponse({"object": "list", "data": [{"id": "far"}]})),
            ]
        )
        self.app.state.gate = Gate(1)

    async def _chat(self, request: Request) -> Response:
        self.bodies.append(json.loads(await request.body()))
        self.headers.append(dict(request.headers))
        return self.answers.pop(0) if self.answers else JSONResponse({"fine": True})


def test_the_proxy_answers_as_the_server_behind_it(
    local: Any, proxy: Any, photo: Image.Image, make_photo: Any
) -> None:
    parts = [image_part(photo, quality=30), image_part(make_photo(seed=5), max_bytes=600)]
    assert proxy.text(*parts, QUESTION) == local.text(*parts, QUESTION)
    ours, theirs = (served.ask(*parts, QUESTION, stream=True) for served in (proxy, local))
    assert ours.headers["content-type"] == theirs.headers["content-type"]

    def said(response: Any) -> str:
        lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
        return "".join(json.loads(line)["choices"][0]["delta"].get("content", "") for line in lines[:-1])

    assert said(ours) == said(theirs) == local.text(*parts, QUESTION)
    assert proxy.client.get("/v1/models").json() == local.client.get("/v1/models").json()
    assert proxy.client.get("/readyz").status_code == 200


@pytest.mark.parametrize("image_format", ["png", "webp"])
def test_streams_become_lossless_pictures_and_all_else_stays(
    serve_app: Serve, serve_proxy: Serve, photo: Image.Image, image_format: str
) -> None:
    stream = cotam.encode(photo, 30)
    buffer = io.BytesIO()
    photo.save(buffer, "PNG")
    png = {"url": f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}", "detail": "low"}
    recorder = Recorder()
    with serve_app(recorder.app) as far, serve_proxy(far.url, image_format=image_format) as near:
        sent = near.body(image_part(stream, detail="high"), {"type": "image_url", "image_url": png}, QUESTION)
        sent |= {"tools": [{"type": "function"}], "unheard_of": {"a": [1]}}
        assert near.post(sent).json() == {"fine": True}
    (got,) = recorder.bodies
    given = got["messages"][0]["content"][0]["image_url"]
    assert given["detail"] == "high"
    head, _, content = given["url"].partition(",")
    assert head == f"data:image/{image_format};base64"
    received = Image.open(io.BytesIO(base64.b64decode(content))).convert("RGB")
    assert received.tobytes() == cotam.decode(stream).convert("RGB").tobytes()
    got["messages"][0]["content"][0] = sent["messages"][0]["content"][0]
    assert got == sent


def test_replies_go_through_untouched(serve_app: Serve, serve_proxy: Serve) -> None:
    pieces = [b"data: \xc3", b'\xa4 {"odd": 1}\n\n', b"data: [DONE]\n\n"]

    async def slowly() -> Any:
        for piece in pieces:
            yield piece

    recorder = Recorder(
        StreamingResponse(slowly(), media_type="text/event-stream"),
        JSONResponse({"error": {"message": "teapot"}}, 418, {"x-request-id": "7"}),
    )
    with serve_app(recorder.app) as far, serve_proxy(far.url) as near:
        reply = near.ask(QUESTION, stream=True)
        assert (reply.status_code, reply.content) == (200, b"".join(pieces))
        assert reply.headers["content-type"].startswith("text/event-stream")
        reply = near.ask(QUESTION)
        assert (reply.status_code, reply.json()["error"]["message"]) == (418, "teapot")
        assert reply.headers["x-request-id"] == "7"


def test_a_busy_upstream_is_asked_again_and_its_last_word_passed_on(
    serve_app: Serve, serve_proxy: Serve
) -> None:
    def busy(status: int) -> Response:
        return JSONResponse({"error": {"message": "busy"}}, status, {"retry-after": "0"})

    recorder = Recorder(busy(429), busy(503), JSONResponse({"at": "last"}), *[busy(429)] * 3)
    with serve_app(recorder.app) as far, serve_proxy(far.url, retries=2) as near:
        assert near.ask(QUESTION).json() == {"at": "last"}
        assert near.ask(QUESTION).status_code == 429
    assert len(recorder.bodies) == 6


def test_keys_go_where_they_belong_and_are_logged_nowhere(
    serve_app: Serve, serve_proxy: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder()
    with caplog.at_level(logging.DEBUG), serve_app(recorder.app) as far:
        with serve_proxy(far.url, Settings(api_keys=("mine-1",)), key="theirs-2") as near:
            near.post(near.body(QUESTION), authorization="Bearer mine-1")
        with serve_proxy(far.url, Settings(api_keys=("mine-1",))) as near:
            near.post(near.body(QUESTION), authorization="Bearer mine-1")
        with serve_proxy(far.url) as near:
            near.post(near.body(QUESTION), authorization="Bearer callers-3")
    assert [found.get("authorization") for found in recorder.headers] == [
        "Bearer theirs-2",
        None,
        "Bearer callers-3",
    ]
    assert not [key for key in ("mine-1", "theirs-2", "callers-3") if key in caplog.text]


def test_an_upstream_that_is_down_is_a_502_with_the_reason(serve_proxy: Serve) -> None:
    from cotam.serving.running import bind

    with bind("127.0.0.1", 0) as unused:  # bound, and nobody listens
        port = unused.getsockname()[1]
        with serve_proxy(f"http://127.0.0.1:{port}", retries=1) as near:
            error = near.error(near.ask(QUESTION), 502)
            assert error["code"] == "upstream_failed"
            assert f"127.0.0.1:{port}" in error["message"]
            assert near.error(near.client.get("/v1/models"), 502)["type"] == "server_error"
            ready = near.client.get("/readyz")
            assert ready.status_code == 503
            assert "cannot be reached" in ready.json()["reason"]
            assert near.client.get("/healthz").status_code == 200


def test_a_refused_key_is_the_servers_problem(serve_app: Serve, serve_proxy: Serve) -> None:
    recorder = Recorder(JSONResponse({"error": {"message": "bad key theirs"}}, 401))
    with serve_app(recorder.app) as far, serve_proxy(far.url, key="theirs") as near:
        error = near.error(near.ask(QUESTION), 502)
        assert "refuses this server's key" in error["message"]
        assert "theirs" not in error["message"]


def test_bad_streams_do_not_reach_the_upstream(serve_app: Serve, serve_proxy: Serve) -> None:
    recorder = Recorder()
    bad = {"type": "image_url", "image_url": {"url": "data:image/x-cotam;base64,i0NUTQ=="}}
    with serve_app(recorder.app) as far, serve_proxy(far.url) as near:
        assert near.error(near.ask(bad, QUESTION), 400)["param"] == "messages[0].content[0]"
    assert recorder.bodies == []


@pytest.mark.parametrize(
    "url", ["far:8000", "ftp://far", "http://", "http://user:secret@far", "http://far?x=1"]
)
def test_an_upstream_that_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must be a URL") as raised:
        UpstreamBackend(url, None)  # type: ignore[arg-type]
    assert "secret" not in str(raised.value)
