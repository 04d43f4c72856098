"""Which part of a picture each patch of each tile shows, learned from the MLLM's own image processor.

Resizing, cropping, padding, tiling and thumbnails differ from one processor to the next, but every one of them maps
each tile to the source by a scale and a shift per axis. Pictures that carry their coordinates go through the
processor, and the maps are read off what comes out: no processor needs code of its own.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from cotam.adapters.axis_map import AxisMap, fit_axis
from cotam.adapters.coordinate_pictures import (
    WHITE,
    Floats,
    coordinate_picture,
    negative_picture,
    plain_picture,
    positions,
)

Processor = Callable[..., Any]
Options = tuple[tuple[str, Hashable], ...]

REMEMBERED: Final = 64
"""Geometries that are kept."""
CLEAR: Final = 0.01
"""A pixel is measured if it is picture up to this share."""
BLURRED: Final = 3
"""Pixels beside padding that a processor may have blurred with it, when it resizes after padding."""
MIN_SHOWN: Final = 0.1
"""A patch counts as shown if at least this share of it is picture."""
SAMPLE_SIDE: Final = 64
"""Side of the picture that a processor's normalisation is measured on."""


@dataclass(frozen=True, eq=False)
class Geometry:
    """Where the patches of a picture's tiles come from. The tensors are shared: do not write to them."""

    boxes: Tensor
    """Source box of each patch, float32 (tiles, rows, columns, 4): x0, y0, x1, y1 in pixels, clipped to the picture;
    within a tile x depends on the column alone, y on the row alone."""
    shown: Tensor
    """Whether a patch shows picture at all, bool (tiles, rows, columns); False: it is padding."""
    size: tuple[int, int]
    """Width and height of the picture."""

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches in a tile."""
        return self.boxes.shape[1], self.boxes.shape[2]

    @property
    def tiles(self) -> int:
        """Number of tiles, global views included, in the processor's order."""
        return self.boxes.shape[0]


def geometry_of(processor: Processor, size: tuple[int, int], patch: int, **options: Hashable) -> Geometry:
    """Return what a processor does to pictures of a size; the last 64 answers are remembered.

    Args:
        processor: an image processor as transformers makes them: called with a PIL image and
            ``return_tensors="pt"``, it returns ``pixel_values`` (tiles, 3, H, W) or (1, tiles, 3, H, W). It must be
            deterministic and must not be changed afterwards.
        size: width and height of the picture in pixels.
        patch: side of the tower's patches in pixels.
        options: passed on to the processor, such as ``crop_to_patches=True``.

    Raises:
        ValueError: the size or the patch is impossible, or the processor returns something else.
    """
    width, height = size
    if width < 1 or height < 1 or patch < 1:
        raise ValueError(f"size and patch must be positive, not {width} x {height} and {patch}")
    return _learned(processor, width, height, patch, tuple(sorted(options.items())))


@lru_cache(maxsize=REMEMBERED)
def _learned(processor: Processor, width: int, height: int, patch: int, options: Options) -> Geometry:
    full = _full_scale(processor, options)
    positive = _tiles_of(processor, coordinate_picture(width, height), options)
    difference = (positive - _tiles_of(processor, negative_picture(width, height), options)) / full
    if min(difference.shape[-2:]) < patch:
        raise ValueError(f"tiles of {difference.shape[-1]} x {difference.shape[-2]} hold no patch of {patch}")
    fitted = [_fit_tile(tile, width, height, patch) for tile in difference]
    boxes = torch.from_numpy(np.stack([boxes for boxes, _ in fitted])).float()
    return Geometry(boxes, torch.from_numpy(np.stack([shown for _, shown in fitted])), (width, height))


@lru_cache(maxsize=REMEMBERED)
def _full_scale(processor: Processor, options: Options) -> Floats:
    """What lies between black and white after normalisation, by channel, (3, 1, 1)."""
    white, black = (
        _tiles_of(processor, plain_picture(SAMPLE_SIDE, SAMPLE_SIDE, sample), options)
        for sample in (WHITE, 0)
    )
    full = (white - black).max((0, 2, 3))
    if full.min() <= 0:
        raise ValueError("the image processor does not tell black from white; a usual one is needed")
    return full[:, None, None]


def _tiles_of(processor: Processor, picture: Image.Image, options: Options) -> Floats:
    """Run the processor: (tiles, 3, H, W)."""
    values = processor(picture, return_tensors="pt", **dict(options))["pixel_values"]
    stacked = torch.stack([torch.as_tensor(value) for value in values])
    if stacked.ndim not in (4, 5) or stacked.shape[-3] != 3 or not stacked.numel():
        raise ValueError(
            f"the image processor must return tiles (tiles, 3, H, W), not {tuple(stacked.shape)}; "
            "packed patches are not supported"
        )
    return stacked.reshape(-1, *stacked.shape[-3:]).double().cpu().numpy()


def _fit_tile(tile: Floats, width: int, height: int, patch: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Boxes (rows, columns, 4) and shown mask of one tile; difference of the two pictures (3, H, W) in -1..1."""
    covered = tile[2]
    rows, columns = (side // patch for side in covered.shape)
    patches = covered[: rows * patch, : columns * patch].reshape(rows, patch, columns, patch)
    shown = patches.mean((1, 3)) >= MIN_SHOWN
    clear = _away_from_padding(np.abs(covered - 1) < CLEAR)
    if not clear.any():
        return np.zeros((rows, columns, 4)), np.zeros_like(shown)
    across, down = positions((tile[0] + 1) / 2, (tile[1] + 1) / 2)
    x, y = _axis(across, clear, width, 0), _axis(down, clear, height, 1)
    left, right = _edges(x, columns, patch, width)
    top, bottom = _edges(y, rows, patch, height)
    edges = np.broadcast_arrays(left[None, :], top[:, None], right[None, :], bottom[:, None])
    return np.stack(edges, -1), shown


def _away_from_padding(clear: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Leave out what lies within a resampling kernel of other pixels, if anything remains."""
    inner = clear.copy()
    for step in range(1, BLURRED + 1):
        inner[step:] &= clear[:-step]
        inner[:-step] &= clear[step:]
        inner[:, step:] &= clear[:, :-step]
        inner[:, :-step] &= clear[:, step:]
    return inner if inner.any() else clear


def _axis(shares: Floats, clear: NDArray[np.bool_], length: int, axis: int) -> AxisMap:
    """Fit one axis to the mean over the other, `axis`, of what clear pixels say."""
    count = clear.sum(axis)
    mean = (shares * clear).sum(axis) / np.maximum(count, 1)
    return fit_axis(mean, count > 0, length)


def _edges(axis: AxisMap, patches: int, side: int, length: int) -> tuple[Floats, Floats]:
    edges = axis.at(np.arange(patches + 1) * float(side)).clip(0, length)
    return edges[:-1], edges[1:]
