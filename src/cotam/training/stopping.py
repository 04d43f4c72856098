"""Ctrl-C and SIGTERM in training: heard at once, obeyed where nothing is half done."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
ECHO_SECONDS: Final = 1.0
"""Signals this soon after the first are the same one: ``timeout``, for example, sends it to process and group."""


@contextmanager
def stop_requests(on_request: Callable[[], None]) -> Iterator[None]:
    """Let the first of `SIGNALS` ask instead of interrupt; a later one does what it did before.

    Those that are ignored stay so. In threads other than the main one, where Python takes no signals, nothing changes.
    A loader's workers, which may be signalled with their parent, take no notice of Ctrl-C and end on SIGTERM, which is
    no error then.

    Args:
        on_request: called in between any two instructions of the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    owner, asked = os.getpid(), list[float]()
    found = {number: signal.getsignal(number) or signal.SIG_DFL for number in SIGNALS}
    before: dict[int, Any] = {
        number: handler for number, handler in found.items() if handler != signal.SIG_IGN
    }

    def hear(number: int, _: FrameType | None) -> None:
        if os.getpid() != owner:
            if number == signal.SIGTERM:
                _again(number, signal.SIG_DFL)
        elif not asked:
            if hasattr(signal, "SIGCHLD"):  # elsewhere than on Windows torch raises an error if a worker ends
                before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            asked.append(time.monotonic())
            on_request()
        elif time.monotonic() > asked[0] + ECHO_SECONDS:
            _again(number, before[number])

    for heard in before:
        signal.signal(heard, hear)
    try:
        yield
    finally:
        for changed, handler in before.items():
            signal.signal(changed, handler)


def _again(number: int, handler: Any) -> None:
    signal.signal(number, handler)
    os.kill(os.getpid(), number)
