"""Reading a request's body within bounds, and work that ends when its caller leaves."""

import asyncio
from collections.abc import Coroutine
from http import HTTPStatus
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

from cotam.serving.errors import ApiError
from cotam.serving.settings import Limits

Result = TypeVar("Result")


async def read_body(request: Request, limits: Limits) -> bytes:
    """Read a body.

    Raises:
        ApiError: 413 if it is too large, 408 if it does not arrive in time.
        ClientDisconnect: the caller left.
    """
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > limits.body_bytes:
        raise _too_large(limits)
    received = bytearray()
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for piece in request.stream():
                received += piece
                if len(received) > limits.body_bytes:
                    raise _too_large(limits)
    except TimeoutError as error:
        raise ApiError(
            HTTPStatus.REQUEST_TIMEOUT, "the request's body did not arrive in time", code="body_timeout"
        ) from error
    return bytes(received)


def _too_large(limits: Limits) -> ApiError:
    return ApiError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"the request's body is larger than {limits.body_bytes} bytes",
        code="body_too_large",
    )


async def within(request: Request, seconds: float, work: Coroutine[Any, Any, Result]) -> Result:
    """Do work for a caller, as long as the caller is there; the body must have been read.

    Raises:
        ApiError: 504 when the time is up.
        ClientDisconnect: the caller left; the work has been cancelled.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnection(request))
    try:
        await asyncio.wait({task, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        if gone.done():
            raise ClientDisconnect
        raise ApiError(
            HTTPStatus.GATEWAY_TIMEOUT, f"no answer within {seconds:g} seconds", code="timeout", retry_after=1
        )
    finally:
        task.cancel()
        gone.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _disconnection(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
