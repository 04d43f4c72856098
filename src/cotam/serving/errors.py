"""Errors as OpenAI's API writes them: a status and ``{"error": {"message", "type", "param", "code"}}``."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from cotam.errors import CotamError

_TYPES: Final = {
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
}
MAX_SHOWN: Final = 500
"""Letters of a message that quotes the caller or an upstream."""


class ApiError(CotamError):
    """A request that is not answered, and why."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str,
        param: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        """Take the parts.

        Args:
            status: of HTTP.
            message: one line for people: what is wrong, and what would be right.
            code: a word for programs, such as ``bad_stream``.
            param: the part of the request at fault, such as ``messages[0].content[1]``.
            retry_after: seconds after which it is worth another try.
        """
        super().__init__(" ".join(message.split()))
        self.status, self.code, self.param, self.retry_after = status, code, param, retry_after

    def body(self) -> dict[str, Any]:
        """The JSON body."""
        message = str(self) if self.param is None else f"{self.param}: {self}"
        return {
            "error": {
                "message": message,
                "type": error_type(self.status),
                "param": self.param,
                "code": self.code,
            }
        }

    def headers(self) -> dict[str, str]:
        """Headers that go with it."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return headers | ({"WWW-Authenticate": "Bearer"} if self.status == HTTPStatus.UNAUTHORIZED else {})


def error_type(status: int) -> str:
    """OpenAI's word for a kind of error."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "server_error"
    return _TYPES.get(HTTPStatus(status), "invalid_request_error")


def invalid(message: str, *, param: str | None = None, code: str = "invalid_value") -> ApiError:
    """A 400: the caller's mistake."""
    return ApiError(HTTPStatus.BAD_REQUEST, message, code=code, param=param)


def from_problems(problems: Sequence[Any]) -> ApiError:
    """Tell the first thing that a schema has against a request.

    Args:
        problems: as pydantic's ``errors()`` lists them.
    """
    first = problems[0]
    return invalid(str(first["msg"])[:MAX_SHOWN], param=_path(first["loc"]) or None)


def _path(location: tuple[int | str, ...]) -> str:
    text = ""
    for step in location:
        if isinstance(step, str) and step.startswith("<"):  # a tag of the schema
            continue
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")
