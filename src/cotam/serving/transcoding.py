"""Making a request for servers that know no cotam: its streams become PNG or lossless WebP."""

import asyncio
import copy
from typing import Any, Literal

from cotam.serving.chat import Chat
from cotam.serving.metrics import Metrics
from cotam.serving.pictures import Picture, data_url, encoded
from cotam.serving.remote import is_remote

Lossless = Literal["png", "webp"]
DECODERS = 2
"""Pictures that are decoded at a time."""


class Transcoder:
    """Rewrites requests."""

    def __init__(self, metrics: Metrics, image_format: Lossless) -> None:
        """Take the format that the upstream reads.

        Raises:
            ValueError: another format.
        """
        if image_format not in ("png", "webp"):
            raise ValueError(f"pictures for an upstream are png or webp, not {image_format!r}")
        self._metrics, self._format = metrics, image_format
        self._places = asyncio.Semaphore(DECODERS)

    async def rewrite(self, chat: Chat) -> dict[str, Any]:
        """Return the request's JSON with every stream transcoded; all else is as it came.

        Pictures that were fetched for the request are put into it, so that the upstream fetches nothing.

        Raises:
            ApiError: 400 that names a damaged stream.
        """
        body = copy.deepcopy(chat.body) if chat.pictures else chat.body
        for (number, index), picture in chat.pictures.items():
            part = body["messages"][number]["content"][index]
            given = part["image_url"]
            url = given if isinstance(given, str) else given["url"]
            if picture.is_stream or is_remote(url):
                replaced = await self._data_url(picture)
                part["image_url"] = replaced if isinstance(given, str) else {**given, "url": replaced}
        return body

    async def _data_url(self, picture: Picture) -> str:
        if not picture.is_stream:
            return data_url(picture.data, picture.format)
        async with self._places:
            return await asyncio.to_thread(self._transcode, picture)

    def _transcode(self, picture: Picture) -> str:
        image = self._metrics.decode(picture)
        options = {"lossless": True, "method": 2} if self._format == "webp" else {}
        return data_url(encoded(image, self._format.upper(), **options), self._format)
