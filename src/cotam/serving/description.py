"""The OpenAPI description of what FastAPI cannot see, because bodies are read within bounds by hand."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from cotam import __version__
from cotam.serving.schema import ChatRequest

_REFERENCE: Final = "#/components/schemas/{model}"
_ERROR: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}
KEY_SCHEME: Final[dict[str, Any]] = {"security": [{}, {"key": []}]}
CHAT_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": _REFERENCE.format(model="ChatRequest")}}},
    }
}
_PROBLEMS: Final = {
    400: "A mistake in the request; `param` names the part",
    401: "No key, or a wrong one",
    408: "The body did not arrive in time",
    413: "The body is too large",
    503: "Busy or shutting down; `Retry-After` says when to come again",
    504: "No answer in time",
}


def _reply(text: str) -> dict[str, Any]:
    return {
        "description": text,
        "content": {"application/json": {"schema": {"$ref": _REFERENCE.format(model="Error")}}},
    }


PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: _reply(text) for status, text in _PROBLEMS.items()
}
CHAT_REPLIES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A chat completion, or a stream of its chunks",
        "content": {"application/json": {"schema": {"type": "object"}}, "text/event-stream": {}},
    },
    404: _reply("There is no such model"),
    502: _reply("The upstream fails"),
    **PROBLEMS,
}


def described(app: FastAPI) -> None:
    """Make ``app.openapi`` tell of the bodies and errors too."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _schema(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _schema(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(
        title="cotam",
        version=__version__,
        description="Questions about pictures in few bytes, in the shape of OpenAI's API.",
        routes=app.routes,
    )
    _, models = models_json_schema([(ChatRequest, "validation")], ref_template=_REFERENCE)
    components = schema.setdefault("components", {})
    components.setdefault("schemas", {}).update({**models["$defs"], "Error": _ERROR})
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    return schema
