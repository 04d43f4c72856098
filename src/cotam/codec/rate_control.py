"""Hitting a number of bytes: a bracketed secant search on the logarithm of the size."""

import math
from collections.abc import Callable
from typing import TypeVar

from cotam.ops.quality import MAX_STEP, MIN_STEP

MAX_TRIALS = 8
LOWEST_SHARE, AIM = 0.96, 0.98
"""A trial is good enough between ``LOWEST_SHARE`` and 1 of the target; the search aims in between."""
TYPICAL_SLOPE = 0.0052
"""Growth of ln(bytes) per quality step, for the first guess."""
TYPICAL_MIDDLE = 0.35
"""Bits per pixel of a usual picture in the middle of the scale, for the first guess."""

Trial = TypeVar("Trial")


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
    low: tuple[int, int] | None = None  # (step, bytes) of the largest that fits
    high: tuple[int, int] | None = None  # the smallest that does not
    best: Trial | None = None
    step = _first_guess(target, pixels)
    for _ in range(MAX_TRIALS):
        trial = encode(step)
        length = size(trial)
        if length <= target:
            low, best = (step, length), trial
        else:
            high = (step, length)
        if (low and (low[1] >= LOWEST_SHARE * target or low[0] == MAX_STEP)) or (
            high and high[0] == MIN_STEP
        ):
            break
        if low and high and high[0] - low[0] <= 1:
            break
        step = _next_step(low, high, target)
    if best is None or low is None:
        assert high is not None
        raise ValueError(
            f"target_bytes={target} is too few for this picture: quality 1 takes {high[1]} bytes"
        )
    return best, low[0]


def _first_guess(target: int, pixels: int) -> int:
    middle = (MIN_STEP + MAX_STEP) // 2
    guess = middle + math.log(max(8 * target / pixels, 1e-6) / TYPICAL_MIDDLE) / TYPICAL_SLOPE
    return round(min(max(guess, MIN_STEP), MAX_STEP))


def _next_step(low: tuple[int, int] | None, high: tuple[int, int] | None, target: int) -> int:
    """Secant between the two sides, or along the typical slope while only one side is known."""
    aim = math.log(AIM * target)
    if low and high:
        slope = (math.log(high[1]) - math.log(low[1])) / (high[0] - low[0])
        guess = low[0] + (aim - math.log(low[1])) / max(slope, 1e-6)
        margin = max((high[0] - low[0]) // 8, 1)
        return (
            round(min(max(guess, low[0] + margin), high[0] - margin)) if high[0] - low[0] > 2 else low[0] + 1
        )
    step, length = low or high or (MIN_STEP, 1)
    move = (aim - math.log(length)) / TYPICAL_SLOPE
    move = math.copysign(max(abs(move), 1.0), move) * 1.1
    return round(min(max(step + move, MIN_STEP), MAX_STEP))
