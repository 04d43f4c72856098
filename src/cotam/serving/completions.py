"""An answer in OpenAI's shapes: one JSON object, or a stream of server-sent events."""

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import time
from typing import Any, Final

from starlette.responses import JSONResponse, Response, StreamingResponse

EVENT_STREAM: Final = "text/event-stream"
_PIECES: Final = re.compile(r"\S+\s*|\s+")
"""Words with the space behind them."""


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
class Completion:
    """An answer with the name that a reply gives it."""

    model: str
    """Name of the model."""
    answer: Answer
    """Its words."""
    number: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    """Different in every reply."""
    created: int = field(default_factory=lambda: int(time()))
    """Seconds since 1970."""

    def response(self, *, stream: bool, with_usage: bool) -> Response:
        """Make the reply.

        Args:
            stream: as events, word by word, instead of one object.
            with_usage: whether a stream ends with the numbers of tokens.
        """
        if stream:
            return StreamingResponse(
                self._events(with_usage), media_type=EVENT_STREAM, headers={"Cache-Control": "no-store"}
            )
        message = {"role": "assistant", "content": self.answer.text}
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": self.answer.finish_reason,
        }
        return JSONResponse({**self._head("chat.completion"), "choices": [choice], "usage": self._usage()})

    def _events(self, with_usage: bool) -> Iterator[str]:
        yield self._chunk({"role": "assistant", "content": ""})
        for piece in _PIECES.findall(self.answer.text):
            yield self._chunk({"content": piece})
        yield self._chunk({}, self.answer.finish_reason)
        if with_usage:
            head = self._head("chat.completion.chunk")
            yield _event({**head, "choices": [], "usage": self._usage()})
        yield "data: [DONE]\n\n"

    def _chunk(self, delta: dict[str, str], finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return _event({**self._head("chat.completion.chunk"), "choices": [choice]})

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.number, "object": kind, "created": self.created, "model": self.model}

    def _usage(self) -> dict[str, int]:
        prompt, completion = self.answer.prompt_tokens, self.answer.completion_tokens
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }


def _event(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"
