"""The application: routes, errors and documentation around one back end."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from cotam import __version__
from cotam.serving.admission import Gate
from cotam.serving.backend import Backend
from cotam.serving.chat import read_chat
from cotam.serving.coding import Coding
from cotam.serving.description import CHAT_BODY, CHAT_REPLIES, KEY_SCHEME, described
from cotam.serving.entrance import CHAT, LEFT, MODELS, Entrance, refusal
from cotam.serving.errors import ApiError, from_problems
from cotam.serving.keys import Keys
from cotam.serving.metrics import Metrics
from cotam.serving.receiving import read_body, within
from cotam.serving.remote import RemoteImages
from cotam.serving.settings import Settings


def create_app(
    make_backend: Callable[[Metrics], Backend],
    settings: Settings | None = None,
    *,
    remote: RemoteImages | None = None,
) -> FastAPI:
    """Make the application.

    Args:
        make_backend: makes what answers; it is given the counters to count with.
        settings: limits and keys.
        remote: fetches pictures from other hosts, by default from those of the settings.

    Returns:
        An ASGI application; its ``state.gate`` stops it gently.
    """
    from cotam.serving.demo.routes import demo_routes

    settings = settings or Settings()
    gate, keys = Gate(settings.limits.concurrent), Keys(settings.api_keys)
    metrics = Metrics(gate)
    backend = make_backend(metrics)
    remote = remote or RemoteImages(settings.image_hosts, settings.limits.body_bytes)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await backend.close()

    app = FastAPI(title="cotam", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.gate = gate
    app.include_router(_chat_routes(backend, settings, metrics, remote))
    app.include_router(_operator_routes(backend, gate, metrics))
    app.include_router(demo_routes(app, settings))
    app.add_middleware(Entrance, keys=keys, gate=gate, metrics=metrics)
    _add_errors(app)
    described(app)
    return app


def _chat_routes(backend: Backend, settings: Settings, metrics: Metrics, remote: RemoteImages) -> APIRouter:
    router = APIRouter(tags=["OpenAI"])
    limits = settings.limits
    coding = Coding(settings.coding) if settings.coding else None

    def own_authorization(request: Request) -> str | None:
        """What a caller shows for the upstream; a key of this server stays here."""
        return None if settings.api_keys else request.headers.get("authorization")

    async def answer(request: Request, data: bytes) -> Response:
        chat = await read_chat(data, limits, remote, own_authorization(request))
        if coding is not None:
            chat = await coding.coded(chat)
        for picture in chat.pictures.values():
            metrics.received(picture)
        return await backend.complete(chat)

    @router.post(
        CHAT,
        summary="Continue a conversation",
        openapi_extra={**CHAT_BODY, **KEY_SCHEME},
        responses=CHAT_REPLIES,
    )
    async def chat_completions(request: Request) -> Response:
        """Answer, as JSON or, with ``stream``, as server-sent events."""
        data = await read_body(request, limits)
        return await within(request, limits.request_seconds, answer(request, data))

    @router.get(MODELS, summary="List the models", openapi_extra=KEY_SCHEME)
    async def models(request: Request) -> dict[str, Any]:
        """What may stand as ``model``."""
        return await backend.models(own_authorization(request))

    return router


def _operator_routes(backend: Backend, gate: Gate, metrics: Metrics) -> APIRouter:
    router = APIRouter(tags=["operation"])

    @router.get("/healthz", summary="Is the process alive")
    async def healthz() -> dict[str, str]:
        """Always, if there is an answer."""
        return {"status": "ok"}

    @router.get("/readyz", summary="Can it answer", responses={503: {"description": "Not now"}})
    async def readyz() -> JSONResponse:
        """Whether requests can be answered now; 503 while the server stops."""
        problem = "shutting down" if gate.draining else await backend.problem()
        if problem is None:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not ready", "reason": problem}, HTTPStatus.SERVICE_UNAVAILABLE)

    @router.get("/metrics", summary="Counters for Prometheus", response_class=Response)
    async def counters() -> Response:
        """In Prometheus' text format."""
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    return router


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(ApiError)
    async def api_error(_: Request, error: ApiError) -> Response:
        return refusal(error)

    @app.exception_handler(RequestValidationError)
    async def wrong_options(_: Request, error: RequestValidationError) -> Response:
        return refusal(from_problems(error.errors()))

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> Response:
        found = ApiError(
            error.status_code, str(error.detail), code=HTTPStatus(error.status_code).name.lower()
        )
        return JSONResponse(found.body(), error.status_code, error.headers)

    @app.exception_handler(ClientDisconnect)
    async def left(_: Request, __: ClientDisconnect) -> Response:
        return Response(status_code=LEFT)

    @app.exception_handler(Exception)
    async def unexpected(_: Request, __: Exception) -> Response:
        problem = ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, "the server failed", code="internal_error")
        return refusal(problem)
