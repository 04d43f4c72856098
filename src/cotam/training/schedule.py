"""Learning rate, averaging and run length as pure functions of the step, so that resuming needs no hidden state."""

import math
from collections.abc import Callable
from typing import Any

from torch.optim.swa_utils import get_ema_multi_avg_fn

from cotam.training.config import RunConfig

MEASURED_STEPS = (10, 60)
"""Steps between which the speed is measured when a run's length is given in minutes."""
OVERHEAD = 1.04
"""Time of validation and checkpoints on top of the steps."""


def learning_rate(step: int, total: int, config: RunConfig) -> float:
    """Linear warm-up, then half a cosine from the peak to the end value."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    share = min((step - config.warmup) / max(total - config.warmup, 1), 1.0)
    fall = 0.5 * (1 + math.cos(math.pi * share))
    return config.final_learning_rate + (config.learning_rate - config.final_learning_rate) * fall


def average_decay(step: int, decay: float) -> float:
    """How much of the averaged weights stays at a step; less at first, so that short runs forget their beginning."""
    return min(decay, (1 + step) / (10 + step))


def averaging(decay: float) -> Callable[[Any, Any, Any], None]:
    """What moves the averaged weights of `AveragedModel` towards those of a step."""

    def update(averaged: Any, current: Any, steps: Any) -> None:
        move = get_ema_multi_avg_fn(average_decay(int(steps), decay))  # type: ignore[no-untyped-call]
        move(averaged, current, steps)

    return update


def steps_that_fit(minutes: float, seconds_per_step: float) -> int:
    """Steps that a budget allows at a measured speed; at least one."""
    return max(int(minutes * 60 / (seconds_per_step * OVERHEAD)), 1)
