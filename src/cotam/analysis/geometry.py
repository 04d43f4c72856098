"""Where patches lie, and how far apart."""

import math

import torch
from torch import Tensor


def patch_distances(rows: int, columns: int) -> Tensor:
    """Euclidean distances between the patches of a grid, float32 (P, P), in patches.

    Patch i = row · columns + column lies at p_i = (row, column); neighbours are 1 apart.
    """
    places = torch.cartesian_prod(torch.arange(rows), torch.arange(columns)).reshape(-1, 2).float()
    return (places[:, None] - places[None]).square().sum(-1).sqrt()


def diagonal(rows: int, columns: int) -> float:
    """The largest distance between two patches of a grid, in patches: from corner to corner."""
    return math.hypot(rows - 1, columns - 1)


def share_of_diagonal(distance: float, rows: int, columns: int) -> float:
    """A distance in patches as a share of the diagonal, 0..1; a grid of one patch has no distances but 0."""
    longest = diagonal(rows, columns)
    return distance / longest if longest else 0.0
