"""Drawing and coding scenes, in this process or in several, in order and never far ahead of what is used.

Methods that differ in what becomes of a stream alone have it made once.
"""

import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

import numpy as np

from cotam.evaluation.accuracy.plan import EQUAL_BYTES, Kind, Plan, Rate
from cotam.evaluation.methods import Fitted, Method, Shown, load_methods
from cotam.evaluation.rate import CEILING_DB
from cotam.evaluation.rivals import Pixels, load_rivals
from cotam.levelvqa.drawing import render
from cotam.levelvqa.sampling import sample_graph
from cotam.metrics import psnr

Result = TypeVar("Result")

AHEAD = 2
"""Tasks a worker that may wait for the MLLM: each holds decoded pictures."""


@dataclass(frozen=True)
class Task:
    """Methods of one codec on one block of scenes, at all rates that are still to be measured."""

    methods: tuple[int, ...]
    """Their places in the plan."""
    seeds: tuple[int, ...]
    rates: tuple[Rate, ...]


@dataclass(frozen=True, eq=False)
class CodedScene:
    """One scene's picture, coded, as one method decodes it."""

    shown: Shown
    """What the MLLM is given."""
    bytes: int
    """All that is sent."""
    fits: bool
    """Whether it is within the bytes that were asked for."""
    psnr: float | None
    """RGB, dB; None where no picture is decoded."""
    encode_seconds: float
    """From pixels to bytes on one core, with the search for the size."""
    decode_seconds: float
    """From bytes to what the tower is given, or to latents."""


Coded = dict[int, list[list[CodedScene]]]
"""By method's place in the plan, by rate, by scene."""


def code_task(plan: Plan, methods: list[Method], task: Task) -> Coded:
    """Do one task."""
    pictures = [np.asarray(render(sample_graph(seed, plan.size, plan.variant))) for seed in task.seeds]
    streams = [_streams(methods[task.methods[0]], pixels, task.rates) for pixels in pictures]
    return {
        number: [
            [_decoded(methods[number], *pair) for pair in zip(pictures, column, strict=True)]
            for column in zip(*streams, strict=True)
        ]
        for number in task.methods
    }


def coded(
    plan: Plan, methods: list[Method], tasks: Iterable[Task], workers: int
) -> Iterator[tuple[Task, Coded]]:
    """Do all tasks, in order.

    Args:
        plan: the measurement.
        methods: the plan's, loaded in this process.
        tasks: taken when there is room for them.
        workers: processes; with 1 this one does it all.
    """
    if workers <= 1:
        for task in tasks:
            yield task, code_task(plan, methods, task)
        return
    with ExitStack() as stack:
        pool = ProcessPoolExecutor(workers, get_context("spawn"), _begin, (plan,))
        stack.callback(pool.shutdown, cancel_futures=True)
        waiting: deque[tuple[Task, Future[Coded]]] = deque()
        for task in tasks:
            waiting.append((task, pool.submit(_work, task)))
            if len(waiting) > AHEAD * workers:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class _Stream:
    found: Fitted
    seconds: float


def _streams(method: Method, pixels: Pixels, rates: tuple[Rate, ...]) -> list[_Stream]:
    """A picture's streams at all rates."""
    encode, preparing = _timed(lambda: _prepared(method, pixels, rates[0].kind))
    timed = [_timed(partial(encode, rate)) for rate in rates]
    return [_Stream(found, preparing + encoding) for found, encoding in timed]


def _prepared(method: Method, pixels: Pixels, kind: Kind) -> Callable[[Rate], Fitted]:
    """Do what all rates of a kind have in common; the result codes at a rate."""
    if kind in EQUAL_BYTES:
        fit = method.fitter(pixels)
        whole = pixels.shape[0] * pixels.shape[1] / 8 if kind == "bpp" else _jpeg_bytes(pixels)
        return lambda rate: fit(int(rate.value * whole))
    encode = method.encoder(pixels)
    return lambda rate: Fitted(encode(rate.value).data, True)


def _jpeg_bytes(pixels: Pixels) -> int:
    return len(load_rivals(["jpeg"])[0].encoder(pixels)(75).data)


def _decoded(method: Method, pixels: Pixels, stream: _Stream) -> CodedScene:
    data = stream.found.data
    decoded, seconds = _timed(lambda: method.decode(data))
    distance = None if decoded is None else min(psnr(pixels, decoded), CEILING_DB)
    shown = method.shown(data, decoded)
    return CodedScene(shown, len(data), stream.found.fits, distance, stream.seconds, seconds)


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


_plan: Plan | None = None
_methods: list[Method] = []
"""Of a worker process."""


def _begin(plan: Plan) -> None:
    """Load the methods in a worker, which leaves an interruption to the process that started it."""
    global _plan, _methods
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    _plan, _methods = plan, load_methods(plan.methods, plan.model, plan.guidance)


def _work(task: Task) -> Coded:
    assert _plan is not None
    return code_task(_plan, _methods, task)
