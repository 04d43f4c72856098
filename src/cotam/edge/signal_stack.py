"""A thread's alternate signal stack, kept as it was.

OpenVINO's scheduler gives the thread that calls it a signal stack of its own and frees that with the compiled graph.
Any signal that Python handles, Ctrl-C among them, would then end the process with a segmentation fault.
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any


class SignalStack(ctypes.Structure):
    """``stack_t`` of Linux's C library."""

    _fields_ = (("pointer", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


@contextmanager
def kept_signal_stack() -> Iterator[None]:
    """Put this thread's signal stack back in place at the end; does nothing on other systems than Linux."""
    if sys.platform != "linux":
        yield
        return
    before = current_signal_stack()
    try:
        yield
    finally:
        _library().sigaltstack(ctypes.byref(before), None)


def current_signal_stack() -> SignalStack:
    """The signal stack of this thread."""
    found = SignalStack()
    _library().sigaltstack(None, ctypes.byref(found))
    return found


@cache
def _library() -> Any:
    return ctypes.CDLL(None)
