"""Memory of a process: its peak, and what it holds now."""

import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec

P = ParamSpec("P")
STATUS = Path("/proc/self/status")


def peak_memory() -> int:
    """Largest resident size that this process has had, in bytes.

    Raises:
        NotImplementedError: the system does not tell.
    """
    if (found := _status("VmHWM")) is not None:
        return found  # getrusage would also count what the parent held before this program was started
    try:
        import resource
    except ImportError as error:
        raise NotImplementedError("this system does not report peak memory") from error
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def resident_memory() -> int:
    """Resident size of this process now, in bytes.

    Raises:
        NotImplementedError: the system does not tell.
    """
    if (found := _status("VmRSS")) is None:
        raise NotImplementedError("this system does not report resident memory")
    return found


def _status(field: str) -> int | None:
    """A field of Linux's status file, in bytes."""
    if STATUS.is_file():
        for line in STATUS.read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1024
    return None


def peak_memory_of(function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> int:
    """Peak memory, in bytes, of a fresh process that does nothing but this call."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measured, function, args, kwargs).result()


def _measured(function: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, object]) -> int:
    function(*args, **kwargs)
    return peak_memory()
