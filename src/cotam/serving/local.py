"""The back end that answers with a model in this process, several requests at a time."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from cotam.serving.answering import Answerer, Job
from cotam.serving.batching import Batcher
from cotam.serving.chat import Chat
from cotam.serving.completions import Answer, Reply
from cotam.serving.errors import ApiError
from cotam.serving.metrics import Metrics
from cotam.serving.prompts import check_messages, check_options

if TYPE_CHECKING:
    from cotam.mllm import Mllm


class LocalBackend:
    """Answers with an `Mllm`; one thread does all the work of pictures and model."""

    def __init__(
        self,
        mllm: "Mllm",
        metrics: Metrics,
        *,
        name: str | None = None,
        batch: int = 8,
        linger: float = 0.005,
    ) -> None:
        """Take the model and start the thread.

        Args:
            mllm: from `cotam.load_mllm`.
            metrics: of the server.
            name: of the model, for callers; by default the last part of its own.
            batch: most requests that are answered together; 1 is one by one.
            linger: seconds that a first request waits for others.

        Raises:
            ValueError: a batch below 1, or a negative time.
        """
        self.name = name or str(mllm.name).rstrip("/").rpartition("/")[2]
        self._metrics = metrics
        self._batcher = Batcher(Answerer(mllm, metrics).work, batch, linger, "cotam-model")
        metrics.waiting.set_function(lambda: self._batcher.waiting)

    async def models(self, authorization: str | None) -> dict[str, Any]:
        """The one model."""
        model = {"id": self.name, "object": "model", "created": 0, "owned_by": "cotam"}
        return {"object": "list", "data": [model]}

    async def complete(self, chat: Chat) -> Response:
        """Answer; a stream begins with the first words, so that what fails before them has a status of its own."""
        request = chat.request
        if request.model != self.name:
            raise ApiError(
                HTTPStatus.NOT_FOUND,
                f"the model {request.model[:100]!r} is not served here; there is {self.name!r}",
                code="model_not_found",
                param="model",
            )
        check_options(chat)
        check_messages(chat)
        if not request.stream:
            return Reply(self.name).whole(await self._answer(Job(chat)))
        words: asyncio.Queue[str | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def say(added: str) -> None:
            loop.call_soon_threadsafe(words.put_nowait, added)

        answer = asyncio.create_task(self._answer(Job(chat, say)))
        answer.add_done_callback(lambda _: words.put_nowait(None))
        try:
            first = await words.get()
        except asyncio.CancelledError:
            answer.cancel()
            raise
        if first is None:
            await answer
        options = request.stream_options
        with_usage = bool(options and options.include_usage)
        return Reply(self.name).stream(_pieces(first, words), answer, with_usage)

    async def _answer(self, job: Job) -> Answer:
        answer = await self._batcher.do(job)
        self._metrics.used(answer.prompt_tokens, answer.completion_tokens)
        return answer

    async def problem(self) -> str | None:
        """The thread is there as long as the server is."""
        return None if self._batcher.alive else "the model's thread has ended"

    async def close(self) -> None:
        """Stop the thread."""
        self._batcher.close()


async def _pieces(first: str | None, words: "asyncio.Queue[str | None]") -> AsyncIterator[str]:
    """The first words and those that follow, up to None."""
    piece = first
    while piece is not None:
        yield piece
        piece = await words.get()
