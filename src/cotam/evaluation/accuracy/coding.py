"""Drawing and coding scenes, in this process or in several, in order and never far ahead of what is used."""

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

from cotam.evaluation.accuracy.plan import Kind, Plan, Rate
from cotam.evaluation.methods import Fitted, Method, Shown, load_methods
from cotam.evaluation.rate import CEILING_DB
from cotam.evaluation.rivals import Pixels
from cotam.levelvqa.drawing import render
from cotam.levelvqa.sampling import sample_graph
from cotam.metrics import psnr

Result = TypeVar("Result")

AHEAD = 2
"""Tasks a worker that may wait for the MLLM: each holds decoded pictures."""


@dataclass(frozen=True)
class Task:
    """One method on one block of scenes, at all rates that are still to be measured."""

    method: int
    """Its place in the plan."""
    seeds: tuple[int, ...]
    rates: tuple[Rate, ...]


@dataclass(frozen=True, eq=False)
class CodedScene:
    """One scene's picture, coded."""

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


Coded = list[list[CodedScene]]
"""By rate, by scene."""


def code_task(plan: Plan, methods: list[Method], task: Task) -> Coded:
    """Do one task."""
    method = methods[task.method]
    pictures = [np.asarray(render(sample_graph(seed, plan.size, plan.variant))) for seed in task.seeds]
    scenes = [_code(method, pixels, task.rates) for pixels in pictures]
    return [list(column) for column in zip(*scenes, strict=True)]


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


def _code(method: Method, pixels: Pixels, rates: tuple[Rate, ...]) -> list[CodedScene]:
    encode, preparing = _timed(lambda: _prepared(method, pixels, rates[0].kind))
    return [_at(method, pixels, partial(encode, rate), preparing) for rate in rates]


def _prepared(method: Method, pixels: Pixels, kind: Kind) -> Callable[[Rate], Fitted]:
    """Do what all rates of a kind have in common; the result codes at a rate."""
    if kind == "bpp":
        fit, area = method.fitter(pixels), pixels.shape[0] * pixels.shape[1]
        return lambda rate: fit(int(rate.value * area / 8))
    encode = method.encoder(pixels)
    return lambda rate: Fitted(encode(rate.value).data, True)


def _at(method: Method, pixels: Pixels, encode: Callable[[], Fitted], preparing: float) -> CodedScene:
    found, encoding = _timed(encode)
    decoded, decoding = _timed(lambda: method.decode(found.data))
    distance = None if decoded is None else min(psnr(pixels, decoded), CEILING_DB)
    shown = method.shown(found.data, decoded)
    return CodedScene(shown, len(found.data), found.fits, distance, preparing + encoding, decoding)


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
