"""Answers as they are written: tokens to words, for every answer of a batch."""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from torch import Tensor
from transformers.generation.streamers import BaseStreamer

Tell: TypeAlias = Callable[[int, str], None]
"""Takes the number of an item and what was added to its answer."""

UNFINISHED = "\N{REPLACEMENT CHARACTER}"
"""What a tokenizer makes of a character whose bytes are not all there yet."""


class Listener(BaseStreamer):  # type: ignore[misc]
    """Listens to `generate`; what it tells of an item adds up to its answer."""

    def __init__(self, tokenizer: Any, numbers: Iterable[int], ends: set[int], tell: Tell) -> None:
        """Take what words are made with.

        Args:
            tokenizer: of the model.
            numbers: of the items, as they stand in the batch.
            ends: tokens that end an answer.
            tell: is told, in the thread that generates.
        """
        self._tokenizer, self._ends, self._tell = tokenizer, ends, tell
        self._answers = {number: _Written() for number in numbers}

    def put(self, value: Tensor) -> None:
        """Take one more token of every answer; the prompt, which comes first and has two dimensions, is left out."""
        if value.dim() > 1:
            return
        for (number, written), token in zip(self._answers.items(), value.tolist(), strict=True):
            if written.ended:
                continue
            written.ended = token in self._ends
            written.tokens.append(token)
            self._say(number, written, last=False)

    def end(self) -> None:
        """Tell what was held back."""
        for number, written in self._answers.items():
            self._say(number, written, last=True)

    def _say(self, number: int, written: "_Written", *, last: bool) -> None:
        text = self._tokenizer.decode(written.tokens, skip_special_tokens=True).strip()
        whole = last or not text.endswith(UNFINISHED)
        if whole and len(text) > len(written.told) and text.startswith(written.told):
            self._tell(number, text[len(written.told) :])
            written.told = text


class _Written:
    """One answer so far."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.told = ""
        self.ended = False
