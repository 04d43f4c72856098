"""What the commands say: messages on standard error, figures on standard output."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

KILO = 1000
"""Bytes of a kB; sizes are given in powers of 1000, as in rates."""


def output() -> "Console":
    """The console of standard output, for tables."""
    from rich.console import Console

    return Console(highlight=False)


def messages() -> "Console":
    """The console of standard error, for everything said about the work."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def report(problem: str) -> None:
    """Say on one line of standard error what went wrong."""
    print(f"cotam: error: {' '.join(problem.split())}", file=sys.stderr)


def say(line: str) -> None:
    """Say something about the work, on standard error."""
    print(line, file=sys.stderr)


def print_json(value: Any) -> None:
    """Print plain values as JSON on standard output; numbers that JSON lacks become null."""
    print(json.dumps(_without_infinities(value), indent=2, allow_nan=False))


@contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """Show on a terminal that something is going on; yields a function that changes the text."""
    with messages().status(escaped(what), spinner="line") as status:
        yield lambda text: status.update(escaped(text))


def escaped(text: str) -> str:
    """Text in which Rich sees no markup, such as a file's name with brackets."""
    from rich.markup import escape

    return escape(text)


def size_text(count: int) -> str:
    """A number of bytes for people, such as ``1,234 bytes`` or ``45.6 kB``."""
    if count < 10 * KILO:
        return f"{count:,} bytes" if count != 1 else "1 byte"
    if count < KILO**2:
        return f"{count / KILO:.1f} kB"
    return f"{count / KILO**2:.1f} MB" if count < KILO**3 else f"{count / KILO**3:.1f} GB"


def plural(count: int, noun: str) -> str:
    """``1 file`` or ``3 files``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _without_infinities(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_infinities(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_infinities(item) for item in value]
    infinite = isinstance(value, float) and value - value != 0  # inf - inf and nan are not 0
    return None if infinite else value
