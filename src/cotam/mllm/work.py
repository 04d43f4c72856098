"""Conversations to answers, a batch at a time."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from torch import Tensor

from cotam.codec import Codec
from cotam.mllm.conversation import Conversation
from cotam.mllm.embedding import FAMILIES, Embedder, pad_left
from cotam.mllm.entering import Entrance, Mode, Way, way_for
from cotam.mllm.listening import Listener, Tell
from cotam.mllm.pictures import Gallery, Picture
from cotam.mllm.prompting import Prompter

GREEDY: Final = {"do_sample": False, "num_beams": 1, "temperature": None, "top_p": None, "top_k": None}
"""Always the likeliest token, whatever the checkpoint's own settings are."""


class Work:
    """What one call has in hand: loaded pictures, and their features."""

    def __init__(
        self,
        model: Any,
        prompter: Prompter,
        entrance: Entrance | None,
        codec: Codec | None,
        *,
        mode: Mode,
        batch_size: int,
        room: int,
        tell: Tell | None,
    ) -> None:
        """Take the parts.

        Args:
            model: of transformers.
            prompter: writes its prompts.
            entrance: how latents enter it; None if there is no adapter or neck.
            codec: for streams of a codec that does not ship.
            mode: how streams enter.
            batch_size: how many to answer at a time.
            room: most tokens of an answer.
            tell: is told of answers while they are written.
        """
        self._model, self._prompter, self._room, self._tell = model, prompter, room, tell
        self._tokenizer = prompter.processor.tokenizer
        self._mode, self._entrance = mode, entrance
        self._gallery = Gallery(codec)
        whole = model.config.model_type in FAMILIES
        self._embedder = Embedder(prompter.name, model, batch_size) if whole else None
        self.batch_size = batch_size if whole else 1

    def answer(self, asked: list[Conversation], start: int) -> list[str]:
        """Answer the batch of conversations that begins at ``start``."""
        if self._embedder is None:
            return [self._answer_plainly(asked[start], start)]
        batch = asked[start : start + self.batch_size]
        prompts = [self._embedded(conversation, self._embedder) for conversation in batch]
        embedded, mask = pad_left(prompts)
        numbers = range(start, start + len(batch))
        return self._decode(self._generate(numbers, inputs_embeds=embedded, attention_mask=mask))

    def _embedded(self, conversation: Conversation, embedder: Embedder) -> Tensor:
        pictures = self._pictures(conversation)
        way = way_for(self._mode, self._entrance, pictures)
        shown = [picture.blank if way == "neck" else picture.image for picture in pictures]
        inputs = self._prompter.prepare(conversation, shown, self._room)
        key = way, tuple(picture.number for picture in pictures)
        return embedder.embed(inputs, key, lambda: self._scope(way, pictures))

    def _scope(self, way: Way, pictures: list[Picture]) -> AbstractContextManager[None]:
        """What the vision side runs inside of."""
        return nullcontext() if way == "pixels" or self._entrance is None else self._entrance.open(pictures)

    def _answer_plainly(self, conversation: Conversation, number: int) -> str:
        """Leave everything to the model: for families whose handling of pictures is their own affair."""
        shown = [picture.image for picture in self._pictures(conversation)]
        inputs = self._prompter.prepare(conversation, shown, self._room)
        placed = {name: _placed(value, self._model) for name, value in inputs.items()}
        written = self._generate([number], **placed)
        return self._decode(written[:, inputs["input_ids"].shape[1] :])[0]

    def _pictures(self, conversation: Conversation) -> list[Picture]:
        return [self._gallery.load(source) for source in conversation.sources]

    def _generate(self, numbers: Sequence[int], **inputs: Any) -> Tensor:
        options = {**GREEDY, "max_new_tokens": self._room, "pad_token_id": self._tokenizer.pad_token_id}
        if self._tell is not None:
            options["streamer"] = Listener(self._tokenizer, numbers, _ends(self._model), self._tell)
        return self._model.generate(**inputs, **options)

    def _decode(self, tokens: Tensor) -> list[str]:
        return [text.strip() for text in self._tokenizer.batch_decode(tokens, skip_special_tokens=True)]


def _placed(value: Any, model: Any) -> Any:
    """Move a tensor to the model, and bring fractions to its precision."""
    if not isinstance(value, Tensor):
        return value
    return value.to(model.device, model.dtype if value.is_floating_point() else value.dtype)


def _ends(model: Any) -> set[int]:
    """Tokens that end an answer."""
    ends = model.generation_config.eos_token_id
    return set(ends if isinstance(ends, list) else [ends]) - {None}
