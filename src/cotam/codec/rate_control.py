"""Hitting a number of bytes: a bracketed secant search on the logarithm of the size."""

import math
from collections.abc import Callable
from typing import TypeAlias, TypeVar

from cotam.ops.quality_scale import MAX_STEP, MIN_STEP

MAX_TRIALS = 8
LOWEST_SHARE, AIM = 0.96, 0.98
"""A trial is good enough between ``LOWEST_SHARE`` and 1 of the target; the search aims in between."""
TYPICAL_SLOPE = 0.0052
"""Growth of ln(bytes) per quality step, for the first guess."""
TYPICAL_MIDDLE = 0.35
"""Bits per pixel of a usual picture in the middle of the scale, for the first guess."""

PATIENCE = 2
"""Trials in a row on one side of the target after which the search halves the interval instead."""

Trial = TypeVar("Trial")
Point: TypeAlias = tuple[int, int]
"""A quality step and the bytes of its stream."""


def search_step(
    encode: Callable[[int], Trial], size: Callable[[Trial], int], target: int, pixels: int
) -> tuple[Trial, int]:
    """Find the quality step whose stream is as large as possible within a target.

    Args:
        encode: makes the stream of a step; called at most `MAX_TRIALS` times.
        size: bytes of a stream, growing with the step.
        target: bytes not to exceed.
        pixels: of the picture, for the first guess.

    Returns:
        The best stream and its step.

    Raises:
        ValueError: even the lowest quality takes more; the message says how much.
    """
    low: Point | None = None
    high: Point | None = None
    best: Trial | None = None
    fits: list[bool] = []
    step = _first_guess(target, pixels)
    while True:
        trial = encode(step)
        point = step, size(trial)
        fits.append(point[1] <= target)
        if fits[-1]:
            low, best = point, trial
        else:
            high = point
        if len(fits) == MAX_TRIALS or _is_settled(low, high, target):
            break
        last_chance = best is None and len(fits) == MAX_TRIALS - 1
        step = MIN_STEP if last_chance else _next_step(low, high, target, _repeats(fits))
    if best is None or low is None:
        assert high is not None
        raise ValueError(
            f"target_bytes={target} is too few for this picture: quality 1 takes {high[1]} bytes"
        )
    return best, low[0]


def _is_settled(low: Point | None, high: Point | None, target: int) -> bool:
    """Whether no trial can gain much, given the largest point that fits and the smallest that does not."""
    if low and (low[1] >= LOWEST_SHARE * target or low[0] == MAX_STEP):
        return True
    return high is not None and high[0] - (low[0] if low else MIN_STEP) <= (1 if low else 0)


def _repeats(fits: list[bool]) -> int:
    """How many of the last trials fell on the same side of the target."""
    return next((n for n, fit in enumerate(reversed(fits)) if fit != fits[-1]), len(fits))


def _first_guess(target: int, pixels: int) -> int:
    middle = (MIN_STEP + MAX_STEP) // 2
    guess = middle + math.log(max(8 * target / pixels, 1e-6) / TYPICAL_MIDDLE) / TYPICAL_SLOPE
    return round(min(max(guess, MIN_STEP), MAX_STEP))


def _next_step(low: Point | None, high: Point | None, target: int, repeats: int) -> int:
    """Secant between the two sides, or the middle where that stays on one side.

    While only one side is known, along the typical slope, twice as far each time.
    """
    aim = math.log(AIM * target)
    if low and high:
        slope = (math.log(high[1]) - math.log(low[1])) / (high[0] - low[0])
        guess = low[0] + (aim - math.log(low[1])) / max(slope, 1e-6)
        if repeats > PATIENCE:
            guess = (low[0] + high[0]) / 2
        margin = max((high[0] - low[0]) // 8, 1)
        return round(min(max(guess, low[0] + margin), high[0] - margin))
    step, length = low or high or (MIN_STEP, 1)
    move = 1.1 * (aim - math.log(length)) / TYPICAL_SLOPE
    move = math.copysign(max(abs(move), 1.0), move) * 2 ** (repeats - 1)
    return round(min(max(step + move, MIN_STEP), MAX_STEP))
