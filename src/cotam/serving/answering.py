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
from cotam.serving.speaking import Say, Speaker, cut
from cotam.serving.tokens import prompt_tokens, text_tokens

if TYPE_CHECKING:
    from cotam.mllm import Mllm


@dataclass(frozen=True, eq=False)
class Job:
    """A chat, and who is told of its answer while it is written."""

    chat: Chat
    say: Say | None = None


Tickets = list[Ticket[Job, Answer]]


class _Asked:
    """A request whose pictures are decoded."""

    def __init__(self, ticket: Ticket[Job, Answer], prompt: Prompt) -> None:
        self.ticket, self.prompt = ticket, prompt
        self.chat, say = ticket.job.chat, ticket.job.say
        self.speaker = None if say is None else Speaker(self.chat.request.stops, say)


class Answerer:
    """Answers batches of chats with one model; used by one thread."""

    def __init__(self, mllm: "Mllm", metrics: Metrics) -> None:
        """Take the model, and the counters of its time."""
        self._mllm, self._metrics = mllm, metrics

    def work(self, tickets: Tickets) -> None:
        """Settle every ticket with its answer or its error; those that want equally long answers are asked together."""
        asked = [found for ticket in tickets if (found := self._prepared(ticket)) is not None]
        for tokens, group in groupby(sorted(asked, key=_tokens), key=_tokens):
            self._answer_together(list(group), tokens)

    def _prepared(self, ticket: Ticket[Job, Answer]) -> _Asked | None:
        """Decode the pictures; None if that settled the ticket with an error."""
        chat = ticket.job.chat
        try:
            given = {place: self._given(picture) for place, picture in chat.pictures.items()}
            return _Asked(ticket, prompt_of(chat, given))
        except ApiError as error:
            ticket.future.set_exception(error)
            return None

    def _given(self, picture: Picture) -> Given:
        """What the model is given: pixels, or the stream itself if it has an adapter or a neck for streams."""
        image = self._metrics.decode(picture)
        return picture.data if picture.is_stream and self._mllm.adapters else image

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
        speakers = [item.speaker for item in items]
        for speaker in filter(None, speakers):
            speaker.restart()

        def tell(number: int, added: str) -> None:
            speaker = speakers[number]
            if speaker is not None:
                speaker.hear(added)

        asked = [item.prompt.messages for item in items]
        with self._metrics.model_at_work(len(items)), _callers_mistakes():
            return self._mllm.chat_batch(
                asked, batch_size=len(asked), max_new_tokens=tokens, tell=tell if any(speakers) else None
            )

    def _answer(self, item: _Asked, known: str | None) -> Answer:
        text = self._ask([item], item.chat.tokens)[0] if known is None else known
        if item.speaker is not None:
            item.speaker.end()
        written = min(text_tokens(self._mllm, text), item.chat.tokens)  # odd bytes count more when read again
        text, stopped = cut(text, item.chat.request.stops)
        reason = "length" if written >= item.chat.tokens and not stopped else "stop"
        return Answer(text, prompt_tokens(self._mllm, item.prompt), written, reason)


def _tokens(item: _Asked) -> int:
    return item.chat.tokens


@contextmanager
def _callers_mistakes() -> Iterator[None]:
    """What a model has against a conversation, such as its length, is the caller's affair."""
    try:
        yield
    except (CotamError, ValueError) as error:
        raise invalid(str(error), param="messages", code="not_answerable") from error
