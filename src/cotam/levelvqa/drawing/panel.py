"""Panels of stripes."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from cotam.levelvqa.drawing.palette import outline_of, towards, varied
from cotam.levelvqa.scene_graph import Panel
from cotam.levelvqa.stream import Stream

_FINE = 16
"""Steps of a coordinate in a pixel."""
_DIAGONAL = (181, 256)
"""Ratio of a square's side to its diagonal."""


def paint_panel(picture: Image.Image, panel: Panel, stream: Stream) -> None:
    """Paint a panel with a thin border onto a picture.

    Args:
        picture: RGB; changed.
        panel: what to paint.
        stream: of the variations of its colours.
    """
    first, second = (varied(name, stream) for name in panel.colours)
    box = panel.box
    stripes = Image.new("RGB", (box.width, box.height), first)
    stripes.paste(second, (0, 0), Image.fromarray(_cover(panel, stream.below(panel.period))))
    border = outline_of(towards(first, second, 50))
    width = 1 + min(box.width, box.height) // 100
    ImageDraw.Draw(stripes).rectangle((0, 0, box.width - 1, box.height - 1), outline=border, width=width)
    picture.paste(stripes, (box.x0, box.y0))


def _cover(panel: Panel, start: int) -> NDArray[np.uint8]:
    """Share of each pixel (height, width) that the second colour covers, 0 to 255."""
    across = np.arange(panel.box.width, dtype=np.int32)[None, :] * _FINE + _FINE // 2
    down = np.arange(panel.box.height, dtype=np.int32)[:, None] * _FINE + _FINE // 2
    side, diagonal = _DIAGONAL
    position = {
        "horizontal": down + 0 * across,
        "vertical": across + 0 * down,
        "rising": (across + down) * side // diagonal,
        "falling": (across - down) * side // diagonal,
    }[panel.orientation]
    period = panel.period * _FINE
    phase = (position + start * _FINE) % period
    into = period // 4 - np.abs(phase - period // 2)
    return np.clip((into + _FINE // 2) * 255 // _FINE, 0, 255).astype(np.uint8)
