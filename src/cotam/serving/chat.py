"""A chat request as the server works on it: the schema's view, the body as it came, and its pictures."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from cotam.serving.errors import from_problems, invalid
from cotam.serving.pictures import Picture, inspect, read_data_url, too_large
from cotam.serving.remote import RemoteImages, is_remote
from cotam.serving.schema import ChatRequest, ImagePart
from cotam.serving.settings import Limits

Place = tuple[int, int]
"""Number of a message, and of a part in it."""


@dataclass(frozen=True, eq=False)
class Chat:
    """A request whose pictures have been looked at, and found within the limits."""

    request: ChatRequest
    """The fields that the server knows."""
    body: dict[str, Any]
    """The JSON as it came, for an upstream."""
    pictures: dict[Place, Picture]
    """Every picture by its place, in order."""
    tokens: int
    """Most tokens of the answer."""
    authorization: str | None = None
    """The caller's own key for an upstream, where this server wants none."""


async def read_chat(
    data: bytes, limits: Limits, remote: RemoteImages, authorization: str | None = None
) -> Chat:
    """Read and check a request.

    Args:
        data: its body.
        limits: what it may ask for.
        remote: fetches pictures from other hosts.
        authorization: the caller's own key for an upstream.

    Raises:
        ApiError: 400, naming the part at fault.
    """
    body, request = _parsed(data)
    if len(request.messages) > limits.messages:
        raise invalid(
            f"has {len(request.messages)} messages; the limit is {limits.messages}", param="messages"
        )
    urls = dict(_urls(request))
    if len(urls) > limits.images:
        raise invalid(
            f"has {len(urls)} pictures; the limit is {limits.images}",
            param="messages",
            code="too_many_images",
        )
    pictures = {}
    room = limits.pixels
    for place, url in urls.items():
        where = f"messages[{place[0]}].content[{place[1]}]"
        content = await remote.fetch(url, where) if is_remote(url) else read_data_url(url, where)
        picture = inspect(content, where)
        room -= picture.width * picture.height
        if room < 0:
            raise too_large(
                f"with its {picture.width} x {picture.height} pixels the request's pictures exceed the limit of "
                f"{limits.pixels} pixels",
                where,
            )
        pictures[place] = picture
    return Chat(request, body, pictures, _tokens(request, limits), authorization)


def _parsed(data: bytes) -> tuple[dict[str, Any], ChatRequest]:
    try:
        body = from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise invalid(f"the body is not valid JSON in UTF-8 ({error})", code="bad_json") from error
    if not isinstance(body, dict):
        raise invalid("the body must be a JSON object", code="bad_json")
    try:
        return body, ChatRequest.model_validate(body)
    except ValidationError as error:
        raise from_problems(
            error.errors(include_url=False, include_context=False, include_input=False)
        ) from error


def _urls(request: ChatRequest) -> Iterator[tuple[Place, str]]:
    for number, message in enumerate(request.messages):
        for index, part in enumerate(message.content if isinstance(message.content, list) else ()):
            if isinstance(part, ImagePart):
                given = part.image_url
                yield (number, index), given if isinstance(given, str) else given.url


def _tokens(request: ChatRequest, limits: Limits) -> int:
    wanted = request.wanted_tokens
    if wanted is None:
        return limits.default_tokens
    if wanted > limits.tokens:
        raise invalid(f"{wanted} tokens are asked for; the limit is {limits.tokens}", param="max_tokens")
    return wanted
