"""The back end that forwards to another OpenAI-compatible server, and lets its replies through untouched."""

import asyncio
import random
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from starlette.responses import Response, StreamingResponse

from cotam.serving.chat import Chat
from cotam.serving.errors import ApiError
from cotam.serving.transcoding import Transcoder

RETRIED: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
FIRST_WAIT, LONGEST_WAIT = 0.25, 8.0
"""Seconds before the first retry, and the most that an upstream's own Retry-After counts."""
PASSED_ON: Final = ("content-type", "retry-after", "cache-control", "x-request-id")
"""Headers of replies that go to the caller."""
CONNECT_SECONDS: Final = 10.0
CHECK_SECONDS: Final = 5.0


class UpstreamBackend:
    """Forwards chats with their streams transcoded. Keys are sent and never written anywhere."""

    def __init__(
        self,
        url: str,
        transcoder: Transcoder,
        *,
        key: str | None = None,
        timeout: float = 120.0,
        retries: int = 3,
        first_wait: float = FIRST_WAIT,
    ) -> None:
        """Take the address.

        Args:
            url: of the upstream, such as ``http://127.0.0.1:11434``, with or without ``/v1``.
            transcoder: makes pictures that it reads.
            key: of this server at the upstream; None passes the callers' own on.
            timeout: seconds without a byte after which it counts as down.
            retries: how often a request is tried again after 429, 503 or a failed connection.
            first_wait: seconds before the first of them; they double.

        Raises:
            ValueError: no http or https URL.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ValueError(
                "the upstream must be a URL such as http://127.0.0.1:8001, without user and query"
            )
        self._base = url.rstrip("/").removesuffix("/v1")
        self._shown = parts.netloc
        self._transcoder, self._key = transcoder, key
        self._retries, self._first_wait = retries, first_wait
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout, connect=CONNECT_SECONDS), trust_env=False, follow_redirects=False
        )

    async def models(self, authorization: str | None) -> dict[str, Any]:
        """The upstream's models."""
        response = await self._send("GET", "/v1/models", None, authorization)
        try:
            await response.aread()
            found = response.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise self._down(f"it answers {response.status_code} to /v1/models") from error
        finally:
            await response.aclose()
        if not isinstance(found, dict):
            raise self._down("it does not answer /v1/models as OpenAI does")
        return found

    async def complete(self, chat: Chat) -> Response:
        """Forward, and let the reply through as it comes."""
        body = await self._transcoder.rewrite(chat)
        response = await self._send("POST", "/v1/chat/completions", body, chat.authorization)
        if self._key is not None and response.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            await response.aclose()
            raise self._down("it refuses this server's key")
        headers = {name: response.headers[name] for name in PASSED_ON if name in response.headers}
        return StreamingResponse(_body(response), response.status_code, headers)

    async def problem(self) -> str | None:
        """Ask the upstream for its models."""
        try:
            response = await self._client.get(
                f"{self._base}/v1/models", headers=self._headers(None), timeout=CHECK_SECONDS
            )
        except httpx.HTTPError as error:
            return f"the upstream {self._shown} cannot be reached ({type(error).__name__})"
        bad = response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
        return f"the upstream {self._shown} answers {response.status_code}" if bad else None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _send(
        self, method: str, path: str, body: dict[str, Any] | None, authorization: str | None
    ) -> httpx.Response:
        """Send until there is a reply that is not worth another try; its body is not read yet."""
        for attempt in range(self._retries + 1):
            last = attempt == self._retries
            request = self._client.build_request(
                method, self._base + path, json=body, headers=self._headers(authorization)
            )
            try:
                response = await self._client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:  # nothing has been sent
                if last:
                    raise self._down(f"it cannot be reached ({type(error).__name__})") from error
                await asyncio.sleep(self._wait(attempt, None))
            except httpx.TimeoutException as error:
                raise ApiError(
                    HTTPStatus.GATEWAY_TIMEOUT,
                    f"the upstream {self._shown} does not answer",
                    code="upstream_timeout",
                ) from error
            except httpx.HTTPError as error:
                raise self._down(f"the connection broke ({type(error).__name__})") from error
            else:
                if response.status_code not in RETRIED or last:
                    return response
                await response.aclose()
                await asyncio.sleep(self._wait(attempt, response.headers.get("retry-after")))
        raise AssertionError("the last attempt returns or raises")

    def _wait(self, attempt: int, stated: str | None) -> float:
        """Seconds until the next try: what the upstream states, or doubling with some chance in it."""
        if stated is not None and stated.isascii() and stated.isdigit():
            return min(float(stated), LONGEST_WAIT)
        return float(min(self._first_wait * 2**attempt * random.uniform(0.75, 1.25), LONGEST_WAIT))

    def _headers(self, authorization: str | None) -> dict[str, str]:
        shown = f"Bearer {self._key}" if self._key is not None else authorization
        return {"Authorization": shown} if shown else {}

    def _down(self, reason: str) -> ApiError:
        return ApiError(
            HTTPStatus.BAD_GATEWAY, f"the upstream {self._shown} fails: {reason}", code="upstream_failed"
        )


async def _body(response: httpx.Response) -> AsyncIterator[bytes]:
    """The reply's bytes as they come; a caller that leaves closes the connection."""
    try:
        async for piece in response.aiter_bytes():
            yield piece
    finally:
        await response.aclose()
