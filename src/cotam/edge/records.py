"""What lies between a picture and its stream on an edge runtime, as arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cotam.codec.level_map import LevelMap
from cotam.images import LoadedImage


@dataclass(frozen=True, eq=False)
class ArrayAnalysis:
    """A picture after the analysis transform, as `cotam.codec.records.Analysis`."""

    y: NDArray[np.float32]
    """Latents before gains, (M, h, w)."""
    source: LoadedImage
    """The picture."""


@dataclass(frozen=True, eq=False)
class ArrayLatents:
    """A decoded stream before synthesis, as `cotam.codec.records.LatentImage`."""

    y_hat: NDArray[np.float32]
    """Reconstructed latents on the analysis transform's scale, (M, h, w)."""
    latents: NDArray[np.int64]
    """The coded values themselves in units of 2^-8, (M, h, w): identical on every machine and runtime."""
    steps: NDArray[np.int64]
    """Quality step (1/8) of each cell, (h, w)."""
    width: int
    """Pixels of the picture."""
    height: int
    """Pixels of the picture."""
    grey: bool
    """Whether it decodes to a grey picture."""
    quality: float
    """Base quality, 1 to 100."""
    level_map: LevelMap | None
    """None where it is uniform."""
    model_id: bytes
    """Model of the stream."""


def edge_padded(array: NDArray[Any], multiple: int, axes: tuple[int, int]) -> NDArray[Any]:
    """Repeat the last row and column until both axes are multiples of a number."""
    widths = [(0, -size % multiple if axis in axes else 0) for axis, size in enumerate(array.shape)]
    return np.pad(array, widths, mode="edge") if any(after for _, after in widths) else array
