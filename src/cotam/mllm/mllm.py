"""A multimodal LLM that answers questions about pictures."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

import torch
from torch import Tensor

from cotam.checkpoint.adapters import LoadedAdapter
from cotam.codec import Codec
from cotam.mllm.conversation import Conversation, Images, conversation_of, question_about
from cotam.mllm.embedding import FAMILIES, Embedder, pad_left
from cotam.mllm.entering import Entrance, Mode, Way, check_mode, way_for
from cotam.mllm.pictures import Gallery, Picture
from cotam.mllm.prompting import Prompter

GREEDY: Final = {"do_sample": False, "num_beams": 1, "temperature": None, "top_p": None, "top_k": None}
"""Always the likeliest token, whatever the checkpoint's own settings are."""
ANSWER_TOKENS: Final = 32
BATCH: Final = 16


class Mllm:
    """A frozen multimodal LLM of transformers with its processor.

    Pictures are whatever `cotam.images` loads (paths, bytes, Pillow images, arrays) and ``.cotam`` streams, by path or
    as bytes. How a stream enters the model is its mode:

    - ``pixels``: decoded to a picture, as every model takes one;
    - ``adapter``: decoded, and beside it its latents through the `LatentAdapter` that was loaded;
    - ``neck``: its latents alone, through the `TransformNeck` that was loaded; no pixels are made;
    - ``auto``: through what was loaded where it fits the streams, else as pixels.

    Pictures that are no streams enter as the model takes them, also beside streams, save that a neck takes none.
    Answers are decoded greedily: the same question has the same answer, up to ties that rounding in another batch may
    break.
    """

    def __init__(
        self,
        name: str,
        model: Any,
        processor: Any,
        adapter: LoadedAdapter | None = None,
        codec: Codec | None = None,
    ) -> None:
        """Take the parts; `load_mllm` puts them together.

        Args:
            name: how the user called it.
            model: a model of transformers with `generate`.
            processor: its processor, with a chat template.
            adapter: latent adapter or transform-neck, made for the model's tower.
            codec: for streams of a codec that does not ship.

        Raises:
            ModelError: the adapter does not fit the model.
        """
        text = model.config.get_text_config()
        self.name = name
        self.model = model
        self.processor = processor
        self.context: int | None = getattr(text, "max_position_embeddings", None)
        self.adapter = adapter
        self._codec = codec
        self._entrance = Entrance(name, model, processor, adapter) if adapter is not None else None
        self._prompter = Prompter(name, processor, self.context)

    def with_adapter(self, adapter: LoadedAdapter | None, codec: Codec | None = None) -> "Mllm":
        """Return the same model, weights shared, with another adapter or neck, or with none.

        Args:
            adapter: what streams are to enter through, from `cotam.checkpoint.load_adapter`.
            codec: for streams of a codec that does not ship; by default as it is here.

        Raises:
            ModelError: the adapter does not fit the model.
        """
        return Mllm(self.name, self.model, self.processor, adapter, codec or self._codec)

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return self.model.device

    @property
    def dtype(self) -> torch.dtype:
        """Type of the weights."""
        return self.model.dtype

    def answer(
        self, images: Images, question: str, *, mode: Mode = "auto", max_new_tokens: int = ANSWER_TOKENS
    ) -> str:
        """Answer a question about a picture, or about several.

        Args:
            images: one picture or stream, or a list; an empty list asks without any.
            question: in words.
            mode: how streams enter the model, see above.
            max_new_tokens: where to stop.

        Raises:
            ImageError, BitstreamError: a picture or a stream is damaged or missing.
            ModelError: the model does not take so many pictures, or a stream is of an unknown codec, or of another
                than the adapter is for.
            ValueError: pictures and question exceed the context, the mode needs what is not loaded or, being
                ``neck``, streams, or a number is out of range.
        """
        return self.answer_batch([(images, question)], mode=mode, max_new_tokens=max_new_tokens)[0]

    def answer_batch(
        self,
        items: Sequence[tuple[Images, str]],
        *,
        mode: Mode = "auto",
        batch_size: int = BATCH,
        max_new_tokens: int = ANSWER_TOKENS,
    ) -> list[str]:
        """Answer many questions, several at a time; a picture is looked at once for all questions that follow on it.

        Args:
            items: pairs of pictures and question, as for `answer`.
            mode: how streams enter the model.
            batch_size: how many to answer at a time.
            max_new_tokens: where to stop.

        Returns:
            The answers, in order.

        Raises:
            What `answer` raises.
        """
        asked = [question_about(images, question) for images, question in items]
        return self._answers(asked, mode, batch_size, max_new_tokens)

    def chat(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        mode: Mode = "auto",
        max_new_tokens: int = ANSWER_TOKENS,
    ) -> str:
        """Continue a conversation in which there may be pictures and streams anywhere.

        Args:
            messages: as Hugging Face writes them; see `conversation_of`.
            mode: how streams enter the model.
            max_new_tokens: where to stop.

        Raises:
            What `answer` raises; ValueError for messages of another form.
        """
        return self._answers([conversation_of(messages)], mode, 1, max_new_tokens)[0]

    @torch.inference_mode()
    def _answers(
        self, asked: list[Conversation], mode: Mode, batch_size: int, max_new_tokens: int
    ) -> list[str]:
        check_mode(mode, self._entrance)
        for name, value in (("batch_size", batch_size), ("max_new_tokens", max_new_tokens)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
        work = _Work(self, mode, batch_size, max_new_tokens)
        return [answer for batch in _chunks(asked, work.batch_size) for answer in work.answer(batch)]


class _Work:
    """What one call of `Mllm` has in hand: loaded pictures, and their features."""

    def __init__(self, mllm: Mllm, mode: Mode, batch_size: int, room: int) -> None:
        self._model, self._prompter, self._room = mllm.model, mllm._prompter, room
        self._tokenizer = mllm.processor.tokenizer
        self._mode, self._entrance = mode, mllm._entrance
        self._gallery = Gallery(mllm._codec)
        whole = mllm.model.config.model_type in FAMILIES
        self._embedder = Embedder(mllm.name, mllm.model, batch_size) if whole else None
        self.batch_size = batch_size if whole else 1

    def answer(self, batch: list[Conversation]) -> list[str]:
        """Answer one batch."""
        if self._embedder is None:
            return [self._answer_plainly(conversation) for conversation in batch]
        prompts = [self._embedded(conversation, self._embedder) for conversation in batch]
        embedded, mask = pad_left(prompts)
        return self._decode(self._generate(inputs_embeds=embedded, attention_mask=mask))

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

    def _answer_plainly(self, conversation: Conversation) -> str:
        """Leave everything to the model: for families whose handling of pictures is their own affair."""
        shown = [picture.image for picture in self._pictures(conversation)]
        inputs = self._prompter.prepare(conversation, shown, self._room)
        placed = {name: _placed(value, self._model) for name, value in inputs.items()}
        written = self._generate(**placed)
        return self._decode(written[:, inputs["input_ids"].shape[1] :])[0]

    def _pictures(self, conversation: Conversation) -> list[Picture]:
        return [self._gallery.load(source) for source in conversation.sources]

    def _generate(self, **inputs: Any) -> Tensor:
        return self._model.generate(
            **inputs, **GREEDY, max_new_tokens=self._room, pad_token_id=self._tokenizer.pad_token_id
        )

    def _decode(self, tokens: Tensor) -> list[str]:
        return [text.strip() for text in self._tokenizer.batch_decode(tokens, skip_special_tokens=True)]


def _placed(value: Any, model: Any) -> Any:
    """Move a tensor to the model, and bring fractions to its precision."""
    if not isinstance(value, Tensor):
        return value
    return value.to(model.device, model.dtype if value.is_floating_point() else value.dtype)


def _chunks(items: list[Conversation], size: int) -> Iterator[list[Conversation]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
