"""Colours of a picture: named ones varied a little, their shades and what stands out from them."""

import numpy as np
from numpy.typing import NDArray

from cotam.levelvqa.stream import Stream
from cotam.levelvqa.vocabulary import COLOURS

Colour = tuple[int, int, int]

INK: Colour = (18, 18, 22)
"""Outline of light things."""
PAPER: Colour = (250, 250, 247)
"""Outline of dark things."""

_VARIATION = 7
_DARK_LUMA = 105
_NEAR_WHITE, _NEAR_BLACK = 225, 40
_WHITE_MOVED, _BLACK_MOVED = 24, 10
"""Percent that the middle shades of near white and near black are moved to the dark and to the light."""
_LUMA = (299, 587, 114)


def luma(colour: Colour) -> int:
    """Brightness of a colour, 0 to 255."""
    return sum(weight * channel for weight, channel in zip(_LUMA, colour, strict=True)) // 1000


def varied(name: str, stream: Stream) -> Colour:
    """The colour of that name, each channel off by a few steps."""
    red, green, blue = (
        min(255, max(0, channel + stream.between(-_VARIATION, _VARIATION))) for channel in COLOURS[name]
    )
    return red, green, blue


def outline_of(colour: Colour) -> Colour:
    """Ink or paper, whichever stands out from a colour."""
    return PAPER if luma(colour) < _DARK_LUMA else INK


def towards(colour: Colour, other: Colour, percent: int) -> Colour:
    """A mixture: ``percent`` of the other colour, the rest of the first."""
    red, green, blue = (
        (a * (100 - percent) + b * percent) // 100 for a, b in zip(colour, other, strict=True)
    )
    return red, green, blue


def shades(colour: Colour) -> NDArray[np.uint8]:
    """Table (256, 3) from a height to a shade: 0 is dark, 128 the colour itself, 255 light.

    The middles of near white and near black are moved, for there is little beyond them.
    """
    brightness = luma(colour)
    dark = towards(colour, (0, 0, 0), 50 - brightness // 14)
    light = towards(colour, (255, 255, 255), 34)
    centre = colour
    if brightness > _NEAR_WHITE:
        centre = towards(colour, dark, _WHITE_MOVED)
    elif brightness < _NEAR_BLACK:
        centre = towards(colour, light, _BLACK_MOVED)
    heights = np.arange(256)[:, None]
    low, middle, high = (np.array(each) for each in (dark, centre, light))
    below = (low * (128 - heights) + middle * heights) // 128
    above = (middle * (255 - heights) + high * (heights - 128)) // 127
    return np.where(heights < 128, below, above).astype(np.uint8)
