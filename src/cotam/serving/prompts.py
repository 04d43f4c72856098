"""From OpenAI's messages to what `Mllm` takes, and what of OpenAI's options a local model has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from PIL import Image

from cotam.serving.chat import Chat, Place
from cotam.serving.errors import invalid
from cotam.serving.schema import ImagePart, Message, TextPart

ROLES: Final = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
REFUSED: Final = ("tools", "functions", "logprobs", "audio", "logit_bias")
"""Options whose silent loss would mislead."""

Given = Image.Image | bytes
"""A picture for the model: decoded, or the stream itself."""


@dataclass(frozen=True, eq=False)
class Prompt:
    """What a model is asked."""

    messages: list[dict[str, Any]]
    """As Hugging Face writes them; pictures of a message before its text, as LLaVA's own template has it."""
    sizes: list[tuple[int, int]]
    """Height and width of the pictures in them, in order."""


def check_options(chat: Chat) -> None:
    """Refuse what the embedded and other local models do not have.

    Raises:
        ApiError: 400, naming the option.
    """
    extra = chat.request.model_extra or {}
    for name in REFUSED:
        if extra.get(name):
            raise invalid("is not supported by this model; leave it out", param=name, code="unsupported")
    if (chat.request.n or 1) > 1:
        raise invalid("one answer is given; leave n out", param="n", code="unsupported")
    wanted = extra.get("response_format")
    if isinstance(wanted, Mapping) and wanted.get("type", "text") != "text":
        raise invalid("answers are plain text", param="response_format", code="unsupported")


def prompt_of(chat: Chat, pictures: Mapping[Place, Given]) -> Prompt:
    """Put messages and pictures together.

    Raises:
        ApiError: 400 for roles and parts that a local model does not know.
    """
    check_messages(chat)
    messages = [_message(number, message, pictures) for number, message in enumerate(chat.request.messages)]
    sizes = [(picture.height, picture.width) for picture in chat.pictures.values()]
    return Prompt(messages, sizes)


def check_messages(chat: Chat) -> None:
    """Refuse conversations that no local model continues.

    Raises:
        ApiError: 400, naming the message or part.
    """
    messages = chat.request.messages
    for number, message in enumerate(messages):
        if message.role not in ROLES:
            raise invalid(f"the role {message.role!r} is not known here", param=f"messages[{number}].role")
        for index, part in enumerate(message.content if isinstance(message.content, list) else ()):
            if not isinstance(part, TextPart | ImagePart):
                where = f"messages[{number}].content[{index}]"
                raise invalid(f"a part of type {part.type!r} is not known here", param=where)
    if messages[-1].role != "user":
        raise invalid("the last message must be the user's", param="messages")
    if not any(_texts(messages[-1])):
        raise invalid("the last message asks nothing", param=f"messages[{len(messages) - 1}].content")


def _message(number: int, message: Message, pictures: Mapping[Place, Given]) -> dict[str, Any]:
    images = [
        {"type": "image", "image": picture} for (owner, _), picture in pictures.items() if owner == number
    ]
    text = "\n".join(text for text in _texts(message) if text)
    words = [{"type": "text", "text": text}] if text or not images else []
    return {"role": ROLES[message.role], "content": [*images, *words]}


def _texts(message: Message) -> list[str]:
    if isinstance(message.content, list):
        return [part.text.strip() for part in message.content if isinstance(part, TextPart)]
    return [(message.content or "").strip()]
