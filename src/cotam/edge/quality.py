"""Quality steps, hats and gains as arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cotam.codec.level_map import LevelMap
from cotam.ops.quality_scale import HAT_ONE, MAX_STEP, MIN_STEP, STEPS_PER_QUALITY


def step_map(step: int, level_map: LevelMap | None, rows: int, columns: int) -> NDArray[np.int64]:
    """Spread a picture's quality over its cells, int64 (rows, columns); as `cotam.codec.steps.step_map`."""
    if level_map is None or level_map.is_uniform:
        return np.full((rows, columns), step)
    levels = level_map.cells(rows, columns).astype(np.int64)
    return np.clip(step + levels * round(level_map.strength * STEPS_PER_QUALITY), MIN_STEP, MAX_STEP)


def quality_hats(steps: NDArray[np.int64], nodes: int) -> NDArray[np.int64]:
    """Integer weights of quality steps over nodes, (..., ) to (nodes, ...); as `cotam.ops.quality.quality_hats`."""
    span = MAX_STEP - MIN_STEP
    position = ((steps - MIN_STEP) * (2 * (nodes - 1) * HAT_ONE) + span) // (2 * span)
    centres = HAT_ONE * np.arange(nodes).reshape(-1, *(1,) * steps.ndim)
    return np.maximum(HAT_ONE - np.abs(position - centres), 0)


class Gains:
    """Gain and inverse gain of each channel; as `cotam.models.gains.QualityGains`.

    Args:
        tensors: a model's arrays.
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        base, rise = (tensors[f"gains.{name}"].astype(np.float64) for name in ("base", "rise"))
        self._log_gains = np.concatenate([base[None], base + np.cumsum(np.logaddexp(rise, 0), 0)])
        self._log_inverse = tensors["gains.inverse"].astype(np.float64)

    def __call__(self, steps: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Gains and inverse gains of cells with these steps (h, w), float32 (M, h, w)."""
        used, places = np.unique(steps, return_inverse=True)
        hats = quality_hats(used, len(self._log_gains)).T / HAT_ONE
        log_gain = hats @ self._log_gains
        log_inverse = hats @ self._log_inverse - log_gain
        cells = places.reshape(steps.shape)
        gain, inverse = (np.exp(logs).astype(np.float32).T[:, cells] for logs in (log_gain, log_inverse))
        return gain, inverse
