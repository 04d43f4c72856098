"""Finding the quality at which a codec takes a wanted number of bytes."""

import math
from collections.abc import Callable
from typing import Final

TOLERANCE: Final = 0.04
"""Relative difference to the wanted size at which the search stops early."""
REACH: Final = 0.25
"""Relative difference beyond which a size counts as out of the codec's reach."""
FIRST_QUALITY: Final = 30
FIRST_SLOPE: Final = 0.03
"""Guess of d ln(bytes) / d quality while only one size is known."""


class SizeSearch:
    """Whole qualities by size, for one picture and one codec, whose sizes are taken to rise with quality.

    Every size that was asked for is remembered, so that a search begins where others have been.
    """

    def __init__(self, size_of: Callable[[int], int], low: int, high: int) -> None:
        """Search between the lowest and the highest quality; `size_of` gives the bytes at one."""
        self._size_of, self._low, self._high = size_of, low, high
        self._known: dict[int, float] = {}  # ln(bytes) by quality

    def nearest(self, target: float) -> int | None:
        """Return the quality whose size is nearest to a target in bytes, on a logarithmic scale.

        Returns:
            The quality, or None where even the nearest size is more than `REACH` away.
        """
        wanted = math.log(target)
        while (quality := self._next(wanted)) is not None:
            self._known[quality] = math.log(self._size_of(quality))
        best = min(self._known, key=lambda tried: abs(self._known[tried] - wanted))
        return best if abs(self._known[best] - wanted) <= math.log1p(REACH) else None

    def _next(self, wanted: float) -> int | None:
        """The next quality to try; None where a known one will do, or nothing is left between those around it."""
        if any(abs(size - wanted) <= TOLERANCE for size in self._known.values()):
            return None
        below = max((q for q, size in self._known.items() if size < wanted), default=self._low - 1)
        above = min((q for q, size in self._known.items() if size >= wanted), default=self._high + 1)
        if below + 1 >= above:
            return None
        return min(max(self._guess(wanted), below + 1), above - 1)

    def _guess(self, wanted: float) -> int:
        """Where a line through the two sizes nearest to the wanted one meets it."""
        known = sorted(self._known, key=lambda quality: abs(self._known[quality] - wanted))
        if not known:
            return FIRST_QUALITY
        slope = FIRST_SLOPE
        if len(known) > 1:
            rise = (self._known[known[0]] - self._known[known[1]]) / (known[0] - known[1])
            slope = rise if rise > 0 else slope
        return round(known[0] + (wanted - self._known[known[0]]) / slope)
