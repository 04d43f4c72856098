"""Micro-batching: jobs that come while the worker is busy are done together when it is free."""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from time import monotonic
from typing import Generic, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(eq=False)
class Ticket(Generic[Job, Result]):
    """A job and the promise of its result."""

    job: Job
    future: "Future[Result]" = field(default_factory=Future)

    def settle(self, work: Callable[[], Result]) -> None:
        """Keep the promise with the result of some work, or with its error."""
        try:
            self.future.set_result(work())
        except Exception as error:  # whatever it is, it is handed to whoever waits for the result
            self.future.set_exception(error)

    def settle_if_open(self, error: Exception) -> None:
        """Keep a promise that nobody else kept."""
        if not self.future.done():
            self.future.set_exception(error)


class Batcher(Generic[Job, Result]):
    """One thread that takes jobs from a queue, several at a time."""

    def __init__(
        self, work: Callable[[list[Ticket[Job, Result]]], None], size: int, linger: float, name: str
    ) -> None:
        """Start the thread.

        Args:
            work: settles every ticket of a batch.
            size: most jobs of a batch.
            linger: seconds that a first job waits for others.
            name: of the thread.

        Raises:
            ValueError: a size below 1, or a negative time.
        """
        if size < 1 or linger < 0:
            raise ValueError(
                f"batches need a size of at least 1 and no negative wait, not {size} and {linger}"
            )
        self._work, self._size, self._linger = work, size, linger
        self._queue: queue.Queue[Ticket[Job, Result] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Jobs in the queue."""
        return self._queue.qsize()

    @property
    def alive(self) -> bool:
        """Whether the thread is there."""
        return self._thread.is_alive()

    async def do(self, job: Job) -> Result:
        """Have a job done; one that is cancelled before its turn is left out."""
        ticket: Ticket[Job, Result] = Ticket(job)
        self._queue.put(ticket)
        return await asyncio.wrap_future(ticket.future)

    def close(self) -> None:
        """Stop after the jobs that wait already."""
        self._queue.put(None)

    def _run(self) -> None:
        running = True
        while running:
            batch, running = self._next_batch()
            wanted = [ticket for ticket in batch if ticket.future.set_running_or_notify_cancel()]
            self._do(wanted)

    def _do(self, batch: list[Ticket[Job, Result]]) -> None:
        """Do a batch; the thread outlives whatever happens, and nobody waits for ever."""
        try:
            if batch:
                self._work(batch)
        except Exception as error:
            for ticket in batch:
                ticket.settle_if_open(error)

    def _next_batch(self) -> tuple[list[Ticket[Job, Result]], bool]:
        """Wait for a job, and take along what comes with it; False when there will be no more."""
        first = self._queue.get()
        if first is None:
            return [], False
        batch, end = [first], monotonic() + self._linger
        while len(batch) < self._size:
            try:
                ticket = self._queue.get(timeout=max(0.0, end - monotonic()))
            except queue.Empty:
                break
            if ticket is None:
                return batch, False
            batch.append(ticket)
        return batch, True
