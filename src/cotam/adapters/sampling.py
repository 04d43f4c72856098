"""Latents at the patches of a tower: the mean of what each patch shows of the latent grid."""

import torch
from torch import Tensor

from cotam.adapters.geometry import Geometry

STRIDE = 16
"""Pixels per latent position and axis."""


def sample_latents(latents: Tensor, geometry: Geometry, stride: int = STRIDE) -> Tensor:
    """Average latents over the source box of each patch.

    A latent stands for its cell of `stride` x `stride` pixels. A patch that covers many cells gets their mean, weighted
    by the area they share; one smaller than a cell is taken as large as a cell around its centre, which is linear
    interpolation. Patches that coincide with cells get them unchanged. Gradients flow to the latents.

    Args:
        latents: (C, h, w), or (N, C, h, w) for pictures of one size; h and w as the padded picture has them.
        geometry: of pictures of this size.
        stride: see above.

    Returns:
        (tiles, rows · columns, C), or (N, tiles, rows · columns, C); zero where a patch is padding.

    Raises:
        ValueError: the latents are not those of a picture of the geometry's size.
    """
    width, height = geometry.size
    cells = (-(-height // stride), -(-width // stride))
    if latents.ndim not in (3, 4) or not all(
        have >= need for have, need in zip(latents.shape[-2:], cells, strict=True)
    ):
        raise ValueError(
            f"latents of a {width} x {height} picture must be (C, {cells[0]}, {cells[1]}) or larger, "
            f"not {tuple(latents.shape)}"
        )
    tiles = [_sample_tile(latents, boxes, stride) for boxes in geometry.boxes.to(latents.device)]
    sampled = torch.stack(tiles, -3)
    return sampled * geometry.shown.to(latents.device).flatten(1).unsqueeze(-1)


def _sample_tile(latents: Tensor, boxes: Tensor, stride: int) -> Tensor:
    """(..., C, h, w) and boxes (rows, columns, 4) to (..., rows · columns, C)."""
    across = _weights(boxes[0, :, 0], boxes[0, :, 2], latents.shape[-1], stride)
    down = _weights(boxes[:, 0, 1], boxes[:, 0, 3], latents.shape[-2], stride)
    columns, rows = _used(across), _used(down)
    part = latents[..., rows, columns]
    across, down = across[:, columns].to(part.dtype), down[:, rows].to(part.dtype)
    return (down @ part @ across.mT).flatten(-2).mT


def _weights(low: Tensor, high: Tensor, cells: int, stride: int) -> Tensor:
    """Share of each cell in the mean over each interval: (intervals, cells), rows sum to 1."""
    centre, half = (low + high) / 2, ((high - low) / 2).clamp_min(stride / 2)
    edges = torch.arange(cells + 1, device=low.device) * float(stride)
    first = torch.maximum((centre - half)[:, None], edges[None, :-1])
    last = torch.minimum((centre + half)[:, None], edges[None, 1:])
    shared = (last - first).clamp_min(0)
    return shared / shared.sum(1, keepdim=True)


def _used(weights: Tensor) -> slice:
    """The cells from the first to the last that any interval touches."""
    touched = weights.any(0).nonzero()
    return slice(int(touched[0]), int(touched[-1]) + 1)
