"""A multimodal LLM that answers questions about pictures."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch

from cotam.checkpoint.adapters import LoadedAdapter
from cotam.codec import Codec
from cotam.mllm.conversation import Conversation, Images, conversation_of, question_about
from cotam.mllm.entering import Entrance, Mode, check_mode
from cotam.mllm.listening import Tell
from cotam.mllm.prompting import Prompter
from cotam.mllm.work import Work

ANSWER_TOKENS: Final = 32
BATCH: Final = 16


class Mllm:
    """A frozen multimodal LLM of transformers with its processor.

    Pictures are whatever `cotam.images` loads (paths, bytes, Pillow images, arrays) and ``.cotam`` streams, by path or
    as bytes. A sequence stands for its frames, one picture after the other. How a stream enters the model is its mode:

    - ``pixels``: decoded to a picture, as every model takes one;
    - ``adapter``: decoded, and beside it its latents through the `LatentAdapter` that was loaded for its codec;
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
        adapters: Sequence[LoadedAdapter] = (),
        codec: Codec | None = None,
    ) -> None:
        """Take the parts; `load_mllm` puts them together.

        Args:
            name: how the user called it.
            model: a model of transformers with `generate`.
            processor: its processor, with a chat template.
            adapters: latent adapters, each for another codec, or one transform-neck, made for the model's tower.
            codec: for streams of a codec that does not ship.

        Raises:
            ModelError: an adapter does not fit the model.
        """
        text = model.config.get_text_config()
        self.name = name
        self.model = model
        self.processor = processor
        self.context: int | None = getattr(text, "max_position_embeddings", None)
        self.adapters = tuple(adapters)
        self._codec = codec
        self._entrance = Entrance(name, model, processor, self.adapters) if adapters else None
        self._prompter = Prompter(name, processor, self.context)

    def with_adapter(self, adapter: LoadedAdapter | None, codec: Codec | None = None) -> "Mllm":
        """Return the same model, weights shared, with another adapter or neck, or with none.

        Args:
            adapter: what streams are to enter through, from `cotam.checkpoint.load_adapter`.
            codec: for streams of a codec that does not ship; by default as it is here.

        Raises:
            ModelError: the adapter does not fit the model.
        """
        adapters = [] if adapter is None else [adapter]
        return Mllm(self.name, self.model, self.processor, adapters, codec or self._codec)

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return self.model.device

    @property
    def dtype(self) -> torch.dtype:
        """Type of the weights."""
        return self.model.dtype

    def answer(
        self,
        images: Images,
        question: str,
        *,
        mode: Mode = "auto",
        max_new_tokens: int = ANSWER_TOKENS,
        num_frames: int | None = None,
    ) -> str:
        """Answer a question about a picture, about several, or about the frames of a sequence.

        Args:
            images: one picture or stream, or a list; an empty list asks without any.
            question: in words.
            mode: how streams enter the model, see above.
            max_new_tokens: where to stop.
            num_frames: frames that are taken of a sequence at most, evenly, 1 to 64; None takes all of up to 64.

        Raises:
            ImageError, BitstreamError: a picture or a stream is damaged or missing.
            ModelError: the model does not take so many pictures, or a stream is of an unknown codec, or of another
                than the adapter is for.
            ValueError: pictures and question exceed the context, the mode needs what is not loaded or, being
                ``neck``, streams, or a number is out of range.
        """
        items = [(images, question)]
        return self.answer_batch(items, mode=mode, max_new_tokens=max_new_tokens, num_frames=num_frames)[0]

    def answer_batch(
        self,
        items: Sequence[tuple[Images, str]],
        *,
        mode: Mode = "auto",
        batch_size: int = BATCH,
        max_new_tokens: int = ANSWER_TOKENS,
        num_frames: int | None = None,
        tell: Tell | None = None,
    ) -> list[str]:
        """Answer many questions, several at a time; a picture is looked at once for all questions that follow on it.

        Args:
            items: pairs of pictures and question, as for `answer`.
            mode: how streams enter the model.
            batch_size: how many to answer at a time.
            max_new_tokens: where to stop.
            num_frames: frames that are taken of a sequence at most, evenly; None takes all.
            tell: is told an item's number and what was just added to its answer, while answers are written.

        Returns:
            The answers, in order.

        Raises:
            What `answer` raises.
        """
        asked = [question_about(images, question, num_frames) for images, question in items]
        return self._answers(asked, mode, batch_size, max_new_tokens, tell)

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
        return self.chat_batch([messages], mode=mode, max_new_tokens=max_new_tokens)[0]

    def chat_batch(
        self,
        conversations: Sequence[Sequence[Mapping[str, Any]]],
        *,
        mode: Mode = "auto",
        batch_size: int = BATCH,
        max_new_tokens: int = ANSWER_TOKENS,
        tell: Tell | None = None,
    ) -> list[str]:
        """Continue many conversations, several at a time; arguments and errors as in `answer_batch` and `chat`."""
        asked = [conversation_of(messages) for messages in conversations]
        return self._answers(asked, mode, batch_size, max_new_tokens, tell)

    @torch.inference_mode()
    def _answers(
        self,
        asked: list[Conversation],
        mode: Mode,
        batch_size: int,
        max_new_tokens: int,
        tell: Tell | None,
    ) -> list[str]:
        check_mode(mode, self._entrance)
        for name, value in (("batch_size", batch_size), ("max_new_tokens", max_new_tokens)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
        work = Work(
            self.model,
            self._prompter,
            self._entrance,
            self._codec,
            mode=mode,
            batch_size=batch_size,
            room=max_new_tokens,
            tell=tell,
        )
        starts = range(0, len(asked), work.batch_size)
        return [answer for start in starts for answer in work.answer(asked, start)]
