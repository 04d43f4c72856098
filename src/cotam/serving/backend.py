"""The one interface of everything that can answer a chat."""

from typing import Any, Protocol

from starlette.responses import Response

from cotam.serving.chat import Chat


class Backend(Protocol):
    """Answers chats: a model in this process, or a server behind this one."""

    async def models(self, authorization: str | None) -> dict[str, Any]:
        """The JSON of ``/v1/models``.

        Args:
            authorization: the caller's own, where this server wants none; for an upstream.
        """

    async def complete(self, chat: Chat) -> Response:
        """Answer, as JSON or as a stream of events as the chat wishes.

        Raises:
            ApiError: it cannot be answered.
        """

    async def problem(self) -> str | None:
        """Why it cannot answer at present; None if it can."""

    async def close(self) -> None:
        """Let go of everything."""
