"""Several sources as one: a tower and boxes, a tower and a phrase."""

import numpy as np
from numpy.typing import NDArray

from cotam.bitstream.limits import MAX_GRID
from cotam.guidance.maps import area_average, standardised
from cotam.guidance.protocol import Guidance


class CombinedGuidance:
    """Sum of standardised importance maps, so that every source weighs the same, and a constant one nothing."""

    def __init__(self, sources: tuple[Guidance, ...]) -> None:
        """Take the sources; ValueError if there is none."""
        if not sources:
            raise ValueError("combine needs at least one source of guidance")
        self.sources = sources

    @property
    def name(self) -> str:
        """The names of the sources."""
        return "+".join(source.name for source in self.sources)

    def importance(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Guidance.importance`; on the finest of the sources' grids, of at most 128 x 128 cells."""
        maps = [source.importance(pixels) for source in self.sources]
        rows, columns = (min(max(sides), MAX_GRID) for sides in zip(*(m.shape for m in maps), strict=True))
        total = sum((standardised(area_average(m, rows, columns)) for m in maps), np.zeros((rows, columns)))
        return total.astype(np.float32)


def combine(*sources: Guidance) -> Guidance:
    """Join sources to one whose importance is the sum of theirs, each with mean 0 and standard deviation 1.

    Args:
        *sources: at least one; a single one is returned as it is.

    Raises:
        ValueError: if there is none.
    """
    return sources[0] if len(sources) == 1 else CombinedGuidance(sources)
