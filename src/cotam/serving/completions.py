"""An answer in OpenAI's shapes: one JSON object, or a stream of server-sent events."""

import json
import secrets
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from time import time
from typing import Any, Final

from starlette.responses import JSONResponse, Response, StreamingResponse

from cotam.serving.errors import ApiError

EVENT_STREAM: Final = "text/event-stream"


@dataclass(frozen=True)
class Answer:
    """What a model said."""

    text: str
    """Words."""
    prompt_tokens: int
    """Tokens of texts and pictures that it read."""
    completion_tokens: int
    """Tokens that it wrote."""
    finish_reason: str = "stop"
    """``stop``, or ``length`` where the tokens were used up."""


@dataclass(frozen=True)
class Reply:
    """What every part of one reply has in common."""

    model: str
    """Name of the model."""
    number: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    """Different in every reply."""
    created: int = field(default_factory=lambda: int(time()))
    """Seconds since 1970."""

    def whole(self, answer: Answer) -> Response:
        """Reply with one JSON object."""
        message = {"role": "assistant", "content": answer.text}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish_reason}
        return JSONResponse({**self._head("chat.completion"), "choices": [choice], "usage": _usage(answer)})

    def stream(self, pieces: AsyncIterator[str], answer: Awaitable[Answer], with_usage: bool) -> Response:
        """Reply with events.

        Args:
            pieces: of the answer, as they are written.
            answer: is there when they have ended.
            with_usage: whether to end with the numbers of tokens.
        """
        events = self._events(pieces, answer, with_usage)
        return StreamingResponse(events, media_type=EVENT_STREAM, headers={"Cache-Control": "no-store"})

    async def _events(
        self, pieces: AsyncIterator[str], answer: Awaitable[Answer], with_usage: bool
    ) -> AsyncIterator[str]:
        yield self._chunk({"role": "assistant", "content": ""})
        async for piece in pieces:
            yield self._chunk({"content": piece})
        try:
            done = await answer
        except ApiError as error:
            yield _event(error.body())
            return
        yield self._chunk({}, done.finish_reason)
        if with_usage:
            head = self._head("chat.completion.chunk")
            yield _event({**head, "choices": [], "usage": _usage(done)})
        yield "data: [DONE]\n\n"

    def _chunk(self, delta: dict[str, str], finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return _event({**self._head("chat.completion.chunk"), "choices": [choice]})

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.number, "object": kind, "created": self.created, "model": self.model}


def _usage(answer: Answer) -> dict[str, int]:
    prompt, completion = answer.prompt_tokens, answer.completion_tokens
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _event(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"
