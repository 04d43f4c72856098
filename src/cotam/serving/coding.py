"""Coding ordinary pictures where they arrive, so that any client measures what coding does to answers."""

import asyncio
from dataclasses import replace

from cotam.serving.chat import Chat
from cotam.serving.errors import invalid
from cotam.serving.pictures import COTAM, Picture, decode
from cotam.serving.settings import Rate

CODERS = 2
"""Pictures that are coded at a time."""


class Coding:
    """Puts streams in the places of a request's ordinary pictures."""

    def __init__(self, rate: Rate) -> None:
        """Take the rate."""
        self._rate, self._places = rate, asyncio.Semaphore(CODERS)

    async def coded(self, chat: Chat) -> Chat:
        """Return the chat with nothing but streams in it.

        Raises:
            ApiError: 400 that names a picture which is damaged, or does not get so small.
        """
        pictures = {place: await self._coded(picture) for place, picture in chat.pictures.items()}
        return replace(chat, pictures=pictures)

    async def _coded(self, picture: Picture) -> Picture:
        if picture.is_stream:
            return picture
        async with self._places:
            return await asyncio.to_thread(self._encode, picture)

    def _encode(self, picture: Picture) -> Picture:
        import cotam

        image = decode(picture)
        if self._rate.quality is not None:
            data = cotam.encode(image, self._rate.quality)
        else:
            room = int((self._rate.bpp or 0.0) * image.width * image.height / 8)
            try:
                data = cotam.encode(image, target_bytes=max(room, 1))
            except ValueError as error:
                raise invalid(str(error), param=picture.where, code="rate_out_of_reach") from error
        return Picture(data, COTAM, image.width, image.height, picture.where)
