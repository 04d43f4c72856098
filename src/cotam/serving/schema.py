"""The requests of OpenAI's chat completions, as far as a server must understand them; other fields are let through."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

MAX_STOPS: Final = 4


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class TextPart(_Open):
    """Words."""

    type: Literal["text"]
    text: str


class ImageUrl(_Open):
    """Where a picture is: a data URL as a rule."""

    url: str = Field(description="data:image/...;base64,... of cotam, PNG, JPEG, WebP or AVIF bytes")
    detail: str | None = None


class ImagePart(_Open):
    """A picture."""

    type: Literal["image_url"]
    image_url: Annotated[
        Annotated[ImageUrl, Tag("<object>")] | Annotated[str, Tag("<text>")],
        Discriminator(lambda given: "<text>" if isinstance(given, str) else "<object>"),
    ]


class OtherPart(_Open):
    """A part of another type, which an upstream may understand."""

    type: str


def _kind(part: Any) -> str:
    kind = part.get("type") if isinstance(part, dict) else getattr(part, "type", None)
    return f"<{kind}>" if kind in ("text", "image_url") else "<other>"


Part = Annotated[
    Annotated[TextPart, Tag("<text>")]
    | Annotated[ImagePart, Tag("<image_url>")]
    | Annotated[OtherPart, Tag("<other>")],
    Discriminator(_kind),
]
"""Tags in angle brackets are no part of the request; messages leave them out."""
Content = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[list[Part], Tag("<parts>")],
    Discriminator(lambda given: "<parts>" if isinstance(given, list) else "<text>"),
]


class Message(_Open):
    """One turn."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Content | None = None


class StreamOptions(_Open):
    """What a stream has beside the answer."""

    include_usage: bool | None = None


class ChatRequest(_Open):
    """A conversation to continue."""

    model: str = Field(description="One of /v1/models")
    messages: list[Message] = Field(min_length=1)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    n: int | None = Field(default=None, ge=1)
    stop: str | list[str] | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)

    @property
    def wanted_tokens(self) -> int | None:
        """Most tokens of the answer, if the request says."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def stops(self) -> list[str]:
        """Texts before which the answer ends."""
        given = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return [text for text in given if text][:MAX_STOPS]
