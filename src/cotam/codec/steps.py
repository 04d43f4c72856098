"""Quality step of every latent cell: the picture's own, shifted by the level map."""

import torch
from torch import Tensor

from cotam.codec.level_map import LevelMap
from cotam.ops.quality import shift_steps
from cotam.ops.quality_scale import STEPS_PER_QUALITY


def step_map(
    step: int, level_map: LevelMap | None, rows: int, columns: int, *, device: torch.device
) -> Tensor:
    """Spread a picture's quality over its cells.

    Args:
        step: the picture's quality step, 8..800.
        level_map: shifts by cell; None is uniform.
        rows: rows of latent cells.
        columns: columns of latent cells.
        device: where the result goes.

    Returns:
        Quality step of each cell, int64 (rows, columns), in 8..800.
    """
    if level_map is None or level_map.is_uniform:
        return torch.full((rows, columns), step, device=device)
    levels = torch.from_numpy(level_map.cells(rows, columns).copy()).to(device)
    return shift_steps(step, levels, round(level_map.strength * STEPS_PER_QUALITY))
