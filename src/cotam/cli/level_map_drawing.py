"""A level map as coloured blocks; every block also carries its level, so that it reads without colour."""

import numpy as np
from numpy.typing import NDArray
from rich.style import Style
from rich.text import Text

CELL_WIDTH = 2
"""Characters of a cell: a sign and a digit, about as wide as high."""
COARSE, NEUTRAL, FINE = (38, 70, 140), (70, 70, 70), (180, 75, 20)
"""Background (RGB) of the lowest level, of level 0, and of the highest; white characters are legible on each."""


def level_map_drawing(levels: NDArray[np.int8], width: int) -> Text:
    """Draw a level map.

    Args:
        levels: integers (rows, columns); 0 keeps the picture's quality, larger is finer.
        width: characters of a line. Of a map that is too wide every second, third, … row and column is shown.

    Returns:
        Lines of text with styles.
    """
    stride = -(-CELL_WIDTH * levels.shape[1] // max(width, CELL_WIDTH))
    shown = levels[::stride, ::stride]
    highest = max(int(np.abs(levels).max(initial=0)), 1)
    drawing = Text(no_wrap=True)
    for row in shown:
        for level in row:
            drawing.append(
                _characters(int(level)), Style(color="white", bgcolor=_background(int(level) / highest))
            )
        drawing.append("\n")
    if stride > 1:
        drawing.append(f"(one cell in {stride} by {stride} is shown)\n")
    drawing.append("+ finer, · the picture's own quality, - coarser")
    return drawing


def _characters(level: int) -> str:
    return f"{level:+d}" if level else " ·"


def _background(share: float) -> str:
    """Colour of a level as its share -1..1 of the highest."""
    end = FINE if share > 0 else COARSE
    red, green, blue = (round(n + abs(share) * (e - n)) for n, e in zip(NEUTRAL, end, strict=True))
    return f"#{red:02x}{green:02x}{blue:02x}"
