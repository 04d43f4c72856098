"""What is timed: a codec that says how long each stage of coding one picture took."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from cotam.evaluation.rivals import Pixels

Stages: TypeAlias = dict[str, float]
"""Seconds by stage; `WHOLE` is the whole way, the others are parts of it, in order."""
Result = TypeVar("Result")

WHOLE: Final = "all"
GUIDANCE: Final = "guidance"
ANALYSIS: Final = "analysis"
NETWORKS: Final = "entropy networks"
CODING: Final = "entropy coding"
CONTAINER: Final = "container"
SYNTHESIS: Final = "synthesis"
WAYS: Final = ("encode", "decode")


@dataclass(frozen=True)
class Timed:
    """One picture, coded and decoded."""

    encode: Stages
    """From pixels in memory to a whole file."""
    decode: Stages
    """From a whole file to pixels in memory."""
    bytes: int
    """Size of the file."""

    def stages(self, way: str) -> Stages:
        """Those of one of `WAYS`."""
        return self.encode if way == "encode" else self.decode


class TimedCodec(Protocol):
    """A codec that is timed; each is one file in this folder."""

    @property
    def name(self) -> str:
        """Short name, which no other codec of a run has; with the runtime in it where several run one model."""

    @property
    def runtime(self) -> str:
        """What runs it, such as ``torch`` or ``Pillow``."""

    @property
    def settings(self) -> str:
        """What else fixes the result, for the report."""

    @property
    def compared(self) -> bool:
        """Whether the others are compared with it."""

    @property
    def most_pixels(self) -> int | None:
        """Size from which on it would take too long; None is no limit."""

    def time(self, pixels: Pixels, threads: int) -> Timed:
        """Code and decode a picture once, with so many threads."""

    def peak_memory(self, width: int, height: int) -> int | None:
        """Peak memory in bytes of a fresh process that codes and decodes one picture; None is not known."""


def timed(function: Callable[[], Result]) -> tuple[Result, float]:
    """A call's result, and its seconds."""
    began = time.perf_counter()
    result = function()
    return result, time.perf_counter() - began


@dataclass
class Clock:
    """Adds up the seconds spent inside methods."""

    seconds: float = field(default=0.0)

    @contextmanager
    def inside(self, methods: Sequence[tuple[Any, str]]) -> Iterator["Clock"]:
        """Time methods, given as (class, name), none of which may call another; all is as before afterwards."""
        before = [(owner, name, getattr(owner, name)) for owner, name in methods]
        for owner, name, method in before:
            setattr(owner, name, self._around(method))
        try:
            yield self
        finally:
            for owner, name, method in before:
                setattr(owner, name, method)

    def _around(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            try:
                return method(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - began

        return call
