"""What of an answer a caller may hear already, and where a stop ends it."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

Say: TypeAlias = Callable[[str], None]
"""Takes what is added to an answer."""


def cut(text: str, stops: Sequence[str]) -> tuple[str, bool]:
    """A text up to the stop that is complete first, and whether there is one."""
    ends = [(place + len(stop), place) for stop in stops if (place := text.find(stop)) >= 0]
    return (text[: min(ends)[1]], True) if ends else (text, False)


class Speaker:
    """Passes an answer on while it is written, except what could turn out to be a stop."""

    def __init__(self, stops: Sequence[str], say: Say) -> None:
        """Take the stops, and whom to tell."""
        self._stops, self._say = [stop for stop in stops if stop], say
        self._text, self._said, self._stopped = "", 0, False

    def restart(self) -> None:
        """Hear the same answer anew; what was said is not said again."""
        self._text, self._stopped = "", False

    def hear(self, added: str) -> None:
        """Take what is added to the answer."""
        if self._stopped:
            return
        self._text, self._stopped = cut(self._text + added, self._stops)
        held = 0 if self._stopped else self._possible_stop()
        self._pass_on(len(self._text) - held)

    def end(self) -> None:
        """The answer is complete."""
        self._pass_on(len(self._text))

    def _possible_stop(self) -> int:
        """Length of the longest end of the text that a stop begins with."""
        lengths = (
            length
            for stop in self._stops
            for length in range(1, len(stop))
            if self._text.endswith(stop[:length])
        )
        return max(lengths, default=0)

    def _pass_on(self, until: int) -> None:
        if until > self._said:
            self._say(self._text[self._said : until])
            self._said = until
