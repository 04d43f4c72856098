"""How one axis of a tile maps to the source: position = start + scale · pixel, fitted to what was measured."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cotam.adapters.coordinate_pictures import Floats

KERNEL: Final = 3.0
"""Reach of the widest resampling kernel in use (Lanczos), in pixels of the coarser side; ramps bend there."""
ENOUGH: Final = 8
"""Pixels that a fit away from the borders needs."""
SNAP: Final = 0.05
"""A fit this close to a whole number of pixels, in tile pixels at both ends, is taken to mean it."""


@dataclass(frozen=True)
class AxisMap:
    """Where the pixels of a tile come from, along one axis."""

    start: float
    """Source position of the tile's first edge; negative where the tile begins with padding."""
    scale: float
    """Source pixels per tile pixel."""

    def at(self, pixel: Floats | float) -> Floats:
        """Source position of edges between tile pixels."""
        return np.asarray(self.start + self.scale * pixel)


def fit_axis(shares: Floats, valid: NDArray[np.bool_], length: int) -> AxisMap:
    """Fit a map to measured positions.

    Args:
        shares: position of each tile pixel's centre as a share of the source's length, (n,).
        valid: which of them were measured, (n,); at least one.
        length: source pixels along this axis.
    """
    centres, positions = np.flatnonzero(valid) + 0.5, shares[valid] * length
    if len(centres) < 2 or length < 2:
        return _whole(centres, length)
    rough = _line(centres, positions)
    margin = KERNEL * max(rough.scale, 1.0)
    inner = (positions > margin) & (positions < length - margin)
    if inner.sum() < ENOUGH:
        ends = positions.min() <= max(rough.scale, 1.0) and positions.max() >= length - max(rough.scale, 1.0)
        return _whole(centres, length) if ends else rough
    return _snapped(_line(centres[inner], positions[inner]), length, len(shares))


def _line(centres: Floats, positions: Floats) -> AxisMap:
    spread = centres - centres.mean()
    scale = float((spread * positions).sum() / np.square(spread).sum())
    return AxisMap(float(positions.mean() - scale * centres.mean()), scale)


def _whole(centres: Floats, length: int) -> AxisMap:
    """All of the source on the pixels that were measured."""
    scale = length / len(centres)
    return AxisMap(-scale * (float(centres[0]) - 0.5), scale)


def _snapped(fit: AxisMap, length: int, pixels: int) -> AxisMap:
    """The map of a source resized to whole pixels and cut at whole pixels, if the fit is that but for noise."""
    if fit.scale <= 0:
        return fit
    resized = max(round(length / fit.scale), 1)
    scale = length / resized
    exact = AxisMap(-round(-fit.start / scale) * scale, scale)
    apart = max(abs(exact.at(edge) - fit.at(edge)) for edge in (0.0, float(pixels)))
    return exact if apart < SNAP * fit.scale else fit
