"""The first thing that a request meets: keys, the count of requests in flight, and the measuring of all of them."""

from time import perf_counter
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cotam.serving.admission import Gate
from cotam.serving.errors import ApiError
from cotam.serving.keys import Keys
from cotam.serving.metrics import Metrics

CHAT: Final = "/v1/chat/completions"
MODELS: Final = "/v1/models"
ENCODE: Final = "/demo/encode"
WORKING: Final = (CHAT, ENCODE)
"""Routes that count as work."""
LOCKED: Final = (*WORKING, MODELS)
"""Routes that need a key, where keys are needed."""
NAMED: Final = (*LOCKED, "/", "/demo/options", "/docs", "/openapi.json", "/healthz", "/readyz", "/metrics")
"""Routes that are counted by their names; all others are one."""
LEFT: Final = 499
"""What is counted where the caller left before there was an answer."""


class Entrance:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, keys: Keys, gate: Gate, metrics: Metrics) -> None:
        """Take what it needs."""
        self._app, self._keys, self._gate, self._metrics = app, keys, gate, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or refuse it before its body is read."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = perf_counter(), LEFT

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        try:
            await self._admit(scope, receive, noting)
        except _Refused as refused:
            await refusal(refused.error)(scope, receive, noting)
        finally:
            route = scope["path"] if scope["path"] in NAMED else "other"
            self._metrics.answered(route, status, perf_counter() - start)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        try:
            if path in LOCKED:
                self._keys.check(Headers(scope=scope).get("authorization"))
            if path in WORKING:
                self._gate.enter()
        except ApiError as error:
            raise _Refused(error) from error
        try:
            await self._app(scope, receive, send)
        finally:
            if path in WORKING:
                self._gate.leave()


class _Refused(Exception):  # noqa: N818 - it never leaves this module
    """An error from before the application, so that one from inside is not taken for it."""

    def __init__(self, error: ApiError) -> None:
        super().__init__()
        self.error = error


def refusal(error: ApiError) -> JSONResponse:
    """An error as a reply."""
    return JSONResponse(error.body(), error.status, error.headers())
