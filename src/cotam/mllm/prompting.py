"""From a conversation to tensors, by the model's own processor."""

from typing import Any

from PIL import Image

from cotam.errors import ModelError
from cotam.mllm.conversation import Conversation


class Prompter:
    """Writes conversations as a model wants them, and sees to it that they fit its context."""

    def __init__(self, name: str, processor: Any, context: int | None) -> None:
        """Take the parts.

        Args:
            name: what the user called the model, for messages.
            processor: from `load_processor`.
            context: tokens that the model takes; None if it does not say.
        """
        self.name = name
        self.processor = processor
        self.context = context

    def prepare(self, conversation: Conversation, pictures: list[Image.Image], room: int) -> dict[str, Any]:
        """Return the model's input, a batch of one: token numbers, and pixels if there are pictures.

        Args:
            conversation: what is asked.
            pictures: its pictures, RGB, or blank ones of their sizes where pixels do not matter.
            room: tokens that the answer may take.

        Raises:
            ValueError: a text contains the token that stands for a picture, or all that does not fit the context.
            ModelError: the model's chat template or processor takes no such conversation.
        """
        prompt = self._write(conversation, len(pictures))
        images = {"images": [pictures]} if pictures else {}
        start = self.processor.tokenizer.bos_token
        try:
            inputs = self.processor(
                text=[prompt],
                **images,
                return_tensors="pt",
                add_special_tokens=not (start and prompt.startswith(start)),
            )
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise ModelError(f"{self.name}: its processor does not take this ({error})") from error
        self._check_length(int(inputs["input_ids"].shape[1]), len(pictures), room)
        return dict(inputs)

    def _write(self, conversation: Conversation, pictures: int) -> str:
        from jinja2 import TemplateError

        try:
            prompt = self.processor.apply_chat_template(
                conversation.messages, add_generation_prompt=True, tokenize=False
            )
        except (TemplateError, ValueError, TypeError, LookupError) as error:
            raise ModelError(f"{self.name}: its chat template does not take this ({error})") from error
        token = getattr(self.processor, "image_token", None)
        if isinstance(token, str) and prompt.count(token) != pictures:
            raise ValueError(
                f"{self.name}: the prompt has {prompt.count(token)} times {token}, which stands for a picture, for "
                f"{pictures} of them; leave {token} out of the question"
            )
        return prompt

    def _check_length(self, tokens: int, pictures: int, room: int) -> None:
        if self.context is not None and tokens + room > self.context:
            raise ValueError(
                f"{self.name}: {pictures} picture{'s' * (pictures != 1)} and the text take {tokens} tokens, and the "
                f"answer up to {room} more, but the model takes {self.context}; pass fewer pictures or less text"
            )
