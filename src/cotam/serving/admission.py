"""Who may come in: so many requests at a time, and none once the server is to stop."""

import asyncio
from http import HTTPStatus
from typing import Final

from cotam.serving.errors import ApiError

RETRY_SECONDS: Final = 1
"""What a refused caller is told to wait."""
LEAVING_SECONDS: Final = 10


class Gate:
    """Counts the requests in flight. All calls come from the event loop's thread."""

    def __init__(self, most: int) -> None:
        """Let in at most `most` at a time."""
        self._most = most
        self.inside = 0
        self.draining = False
        self._idle = asyncio.Event()
        self._idle.set()

    def enter(self) -> None:
        """Come in; whoever does must `leave`.

        Raises:
            ApiError: 503, because the server is full or stops.
        """
        if self.draining:
            raise _unavailable("the server is shutting down", "shutting_down", LEAVING_SECONDS)
        if self.inside >= self._most:
            raise _unavailable(f"the server is busy with {self.inside} requests", "overloaded", RETRY_SECONDS)
        self.inside += 1
        self._idle.clear()

    def leave(self) -> None:
        """Go out."""
        self.inside -= 1
        if not self.inside:
            self._idle.set()

    async def drain(self, seconds: float) -> None:
        """Let nobody in any more, and wait until all have left or the time is up."""
        self.draining = True
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            return


def _unavailable(message: str, code: str, wait: int) -> ApiError:
    return ApiError(HTTPStatus.SERVICE_UNAVAILABLE, message, code=code, retry_after=wait)
