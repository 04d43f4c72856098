"""A conversation with an MLLM: messages as Hugging Face writes them, and the pictures in them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from cotam.images import ImageSource
from cotam.mllm.pictures import StreamFrame, frames_of, is_picture

Images: TypeAlias = ImageSource | Sequence[ImageSource]
"""One picture or several."""

ROLES: Final = ("system", "user", "assistant")
SOURCES: Final = ("image", "path", "url")
"""Keys that say in a part of type ``image`` where the picture is."""


@dataclass(frozen=True, eq=False)
class Conversation:
    """What is asked, and about what."""

    messages: list[dict[str, Any]]
    """Roles and contents; every content is a list of parts, and those of type ``image`` hold no picture."""
    sources: list[ImageSource | StreamFrame]
    """The pictures, in the order of those parts; the frames of a sequence are pictures of their own."""


def question_about(images: Images, question: str, num_frames: int | None = None) -> Conversation:
    """Make a conversation of one question after its pictures; of a sequence, ``num_frames`` at most, or all.

    Raises:
        TypeError: the question is no text, or the pictures are none.
        ValueError: the question is empty.
    """
    if not isinstance(question, str):
        raise TypeError(f"the question must be a text, not {type(question).__name__}")
    if not question.strip():
        raise ValueError("the question is empty")
    given: list[Any] = [images] if is_picture(images) else list(_several(images))
    sources = [frame for source in given for frame in frames_of(source, num_frames)]
    content = [{"type": "image"} for _ in sources] + [{"type": "text", "text": question}]
    return Conversation([{"role": "user", "content": content}], sources)


def conversation_of(messages: Sequence[Mapping[str, Any]]) -> Conversation:
    """Read messages as Hugging Face writes them.

    Args:
        messages: each ``{"role": ..., "content": ...}``; a content is a text or a list of
            ``{"type": "text", "text": ...}`` and ``{"type": "image", "image": ...}``, where ``path`` or ``url`` may
            stand for ``image``; a sequence stands for its frames. The last is the user's.

    Raises:
        ValueError, TypeError: another form.
    """
    if not messages or messages[-1].get("role") != "user":
        raise ValueError("the last message must be the user's: {'role': 'user', 'content': ...}")
    sources: list[ImageSource | StreamFrame] = []
    return Conversation([_message(message, sources) for message in messages], sources)


def _message(message: Mapping[str, Any], sources: list[ImageSource | StreamFrame]) -> dict[str, Any]:
    role, content = message.get("role"), message.get("content")
    if role not in ROLES:
        raise ValueError(f"the role of a message must be one of {', '.join(ROLES)}, not {role!r}")
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not isinstance(parts, Sequence):
        raise TypeError(f"the content of a message must be a text or a list, not {type(content).__name__}")
    return {"role": role, "content": [made for part in parts for made in _parts(part, sources)]}


def _parts(part: Any, sources: list[ImageSource | StreamFrame]) -> list[dict[str, Any]]:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind == "text" and isinstance(part.get("text"), str):
        return [{"type": "text", "text": part["text"]}]
    given = [part[key] for key in SOURCES if key in part] if kind == "image" else []
    if len(given) != 1:
        raise ValueError(
            "a part of a message must be {'type': 'text', 'text': ...} or {'type': 'image', 'image': ...}, "
            f"not {_shown(part)}"
        )
    if isinstance(given[0], str) and "://" in given[0]:
        raise ValueError(
            f"{given[0]}: pictures are not fetched here; pass the picture, its bytes or its path"
        )
    frames = frames_of(given[0])
    sources += frames
    return [{"type": "image"} for _ in frames]


def _shown(part: Any) -> str:
    """A part for a message, without what it holds."""
    return f"{{{', '.join(repr(key) for key in part)}}}" if isinstance(part, Mapping) else repr(part)[:40]


def _several(images: Any) -> Iterable[ImageSource]:
    if not isinstance(images, Sequence):
        raise TypeError(
            f"pictures must be one, or a list of paths, bytes, Pillow images or arrays, not {type(images).__name__}"
        )
    return images
