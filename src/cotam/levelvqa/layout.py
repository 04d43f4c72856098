"""Finding room for boxes in a square, at random and without getting lost."""

from collections.abc import Iterable
from itertools import product

from cotam.levelvqa.scene_graph import Box
from cotam.levelvqa.stream import Stream

MARGIN = 3
"""Pixels kept free along the edges of the picture."""
GAP = 2
"""Pixels kept free around what nothing may overlap."""
MOST_OVERLAP = 15
"""Percent of the smaller of two objects that both may share."""
TRIES = 40
SCAN_STEP = 8
"""Pixels from one position of the systematic search to the next."""


class Layout:
    """Boxes placed in a square so far.

    Args:
        side: of the square, in pixels.
        stream: where positions come from.
    """

    def __init__(self, side: int, stream: Stream) -> None:
        self._side = side
        self._stream = stream
        self._placed: list[tuple[Box, bool]] = []

    def place(self, width: int, height: int, *, alone: bool, scan: bool = False) -> Box | None:
        """Find room for a box and keep it.

        Args:
            width: of the box, in pixels.
            height: of the box, in pixels.
            alone: nothing may overlap it; else objects may share `MOST_OVERLAP` percent.
            scan: look everywhere when no random position has room.

        Returns:
            The box, or None where no room was found.
        """
        right, bottom = self._side - MARGIN - width, self._side - MARGIN - height
        if right < MARGIN or bottom < MARGIN:
            return None
        between = self._stream.between
        positions = ((between(MARGIN, right), between(MARGIN, bottom)) for _ in range(TRIES))
        box = self._first_free(positions, width, height, alone)
        if box is None and scan:
            rows, columns = range(MARGIN, bottom + 1, SCAN_STEP), range(MARGIN, right + 1, SCAN_STEP)
            box = self._first_free(((x, y) for y, x in product(rows, columns)), width, height, alone)
        if box is not None:
            self._placed.append((box, alone))
        return box

    def _first_free(
        self, positions: Iterable[tuple[int, int]], width: int, height: int, alone: bool
    ) -> Box | None:
        boxes = (Box(x, y, x + width, y + height) for x, y in positions)
        return next((box for box in boxes if self._is_free(box, alone)), None)

    def _is_free(self, box: Box, alone: bool) -> bool:
        wide = Box(box.x0 - GAP, box.y0 - GAP, box.x1 + GAP, box.y1 + GAP)
        for other, other_alone in self._placed:
            shared = wide.overlap(other)
            if shared and (alone or other_alone or not _may_share(box, other)):
                return False
        return True


def _may_share(box: Box, other: Box) -> bool:
    smaller = min(box.width * box.height, other.width * other.height)
    return 100 * box.overlap(other) <= MOST_OVERLAP * smaller
