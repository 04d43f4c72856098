"""Coding in this process or in several of this machine, in order and never far ahead of what is written."""

import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from itertools import islice
from multiprocessing import connection, get_context, parent_process

from cotam.data.places import Item
from cotam.errors import CotamError
from cotam.transcoding.coding import Coded, Coder, Coding

ITEMS_PER_TASK = 4
"""Items that a worker is handed at a time, if its batch is not larger."""
AHEAD = 3
"""Tasks a worker that may wait: what is coded and not yet written is lost with the process."""


def code_here(
    items: Iterable[Item], coding: Coding, threads: int | None = None
) -> Generator[Coded, None, None]:
    """Code in this process."""
    coder, items = None, iter(items)
    while task := list(islice(items, coding.batch)):
        coder = coder or Coder(coding, threads)
        yield from coder(task)


def code_in_processes(items: Iterable[Item], coding: Coding, workers: int) -> Generator[Coded, None, None]:
    """Code in several processes, a thread each; results come in the order of the items.

    Raises:
        CotamError: a process was killed, mostly because memory was short.
        ModelError, ValueError: the codec cannot be loaded.
    """
    items, size = iter(items), max(ITEMS_PER_TASK, coding.batch)
    waiting: deque[Future[list[Coded]]] = deque()
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _begin)
    try:
        while task := list(islice(items, size)):
            waiting.append(pool.submit(_work, task, coding))
            if len(waiting) > AHEAD * workers:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    except BrokenProcessPool as error:
        problem = "a worker process has ended, perhaps for want of memory; the same command goes on"
        raise CotamError(f"{problem}, best with fewer --workers") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """Have a worker leave an interruption to the process that started it, and end with that one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A pool's workers wait for work for ever, even if whoever gave it was killed."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _work(items: list[Item], coding: Coding) -> list[Coded]:
    return _coder(coding)(items)


@cache
def _coder(coding: Coding) -> Coder:
    """The codec of a worker, loaded with its first task: what goes wrong there comes back, unlike from `_begin`."""
    return Coder(coding, threads=1)
