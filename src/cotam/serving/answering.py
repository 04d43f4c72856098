"""What the model's thread does: decode the pictures of a batch, ask the model, count tokens."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from cotam.errors import CotamError
from cotam.serving.batching import Ticket
from cotam.serving.chat import Chat
from cotam.serving.completions import Answer
from cotam.serving.errors import ApiError, invalid
from cotam.serving.metrics import Metrics
from cotam.serving.pictures import Picture
from cotam.serving.prompts import Given, Prompt, prompt_of
from cotam.serving.tokens import prompt_tokens, text_tokens

if TYPE_CHECKING:
    from cotam.mllm import Mllm

Tickets = list[Ticket[Chat, Answer]]


@dataclass(frozen=True, eq=False)
class _Asked:
    """A request whose pictures are decoded."""

    ticket: Ticket[Chat, Answer]
    prompt: Prompt

    @property
    def tokens(self) -> int:
        return self.ticket.job.tokens


class Answerer:
    """Answers batches of chats with one model; used by one thread."""

    def __init__(self, mllm: "Mllm", metrics: Metrics) -> None:
        """Take the model, and the counters of its time."""
        self._mllm, self._metrics = mllm, metrics

    def work(self, tickets: Tickets) -> None:
        """Settle every ticket with its answer or its error.

        Questions of one turn that want equally long answers are asked together; conversations one by one.
        """
        asked = [found for ticket in tickets if (found := self._prepared(ticket)) is not None]
        single = sorted((item for item in asked if item.prompt.question is not None), key=_tokens)
        for tokens, group in groupby(single, key=_tokens):
            self._answer_together(list(group), tokens)
        for item in asked:
            if item.prompt.question is None:
                item.ticket.settle(lambda item=item: self._continued(item))  # type: ignore[misc]

    def _prepared(self, ticket: Ticket[Chat, Answer]) -> _Asked | None:
        """Decode the pictures; None if that settled the ticket with an error."""
        chat = ticket.job
        try:
            given = {place: self._given(picture) for place, picture in chat.pictures.items()}
            return _Asked(ticket, prompt_of(chat, given))
        except ApiError as error:
            ticket.future.set_exception(error)
            return None

    def _given(self, picture: Picture) -> Given:
        """What the model is given: pixels, or the stream itself if it has an adapter or a neck for streams."""
        image = self._metrics.decode(picture)
        return picture.data if picture.is_stream and self._mllm.adapter is not None else image

    def _answer_together(self, items: Sequence[_Asked], tokens: int) -> None:
        """Answer a batch; if the model refuses it, one by one, so that each has its own error."""
        texts = self._tried(items, tokens) if len(items) > 1 else None
        for number, item in enumerate(items):
            known = None if texts is None else texts[number]
            item.ticket.settle(lambda item=item, known=known: self._answer(item, known))  # type: ignore[misc]

    def _tried(self, items: Sequence[_Asked], tokens: int) -> list[str] | None:
        try:
            return self._ask(items, tokens)
        except (CotamError, RuntimeError):  # RuntimeError: out of memory, among others
            return None

    def _ask(self, items: Sequence[_Asked], tokens: int) -> list[str]:
        asked = [(item.prompt.pictures, item.prompt.question or "") for item in items]
        with self._metrics.model_at_work(len(items)), _callers_mistakes():
            return self._mllm.answer_batch(asked, batch_size=len(asked), max_new_tokens=tokens)

    def _continued(self, item: _Asked) -> Answer:
        with self._metrics.model_at_work(1), _callers_mistakes():
            text = self._mllm.chat(item.prompt.messages, max_new_tokens=item.tokens)
        return self._answer(item, text)

    def _answer(self, item: _Asked, known: str | None) -> Answer:
        text = self._ask([item], item.tokens)[0] if known is None else known
        written = min(text_tokens(self._mllm, text), item.tokens)  # odd bytes count more when read again
        reason = "length" if written >= item.tokens else "stop"
        for stop in item.ticket.job.request.stops:
            if stop in text:
                text, reason = text.partition(stop)[0], "stop"
        return Answer(text, prompt_tokens(self._mllm, item.prompt), written, reason)


def _tokens(item: _Asked) -> int:
    return item.tokens


@contextmanager
def _callers_mistakes() -> Iterator[None]:
    """What a model has against a conversation, such as its length, is the caller's affair."""
    try:
        yield
    except (CotamError, ValueError) as error:
        raise invalid(str(error), param="messages", code="not_answerable") from error
