"""Checks of single values, shared by writers (``ValueError``) and readers (``BitstreamError``)."""

import operator
from collections.abc import Iterator
from contextlib import contextmanager

from cotam.errors import BitstreamError


def check_integer(name: str, value: int, low: int, high: int) -> None:
    """Refuse ``value`` unless it is an integer in ``low..high``, both included.

    Raises:
        TypeError: ``value`` is no integer.
        ValueError: ``value`` lies outside the range; the message starts with ``name``.
    """
    if not low <= operator.index(value) <= high:
        raise ValueError(f"{name} must be {low} to {high}, got {value}")


def check_steps(name: str, value: float, low: float, high: float, step: float) -> None:
    """Refuse ``value`` unless it is a multiple of ``step`` in ``low..high``, both included.

    Raises:
        ValueError: out of range, between two steps, or not a number.
    """
    if not low <= value <= high or value % step:
        raise ValueError(f"{name} must be {low:g} to {high:g} in steps of {step:g}, got {value}")


@contextmanager
def refusing_stream_values() -> Iterator[None]:
    """Turn the ``ValueError`` of a record's own checks into a ``BitstreamError``: the stream holds the value.

    Raises:
        BitstreamError: a check inside the block failed; same message.
    """
    try:
        yield
    except ValueError as error:
        raise BitstreamError(str(error)) from error
