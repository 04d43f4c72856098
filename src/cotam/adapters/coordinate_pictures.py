"""Pictures whose colours say where each pixel is: red grows with x, green with y.

Eight bits are coarse for a large picture. So the ramps are dithered (every rounding threshold occurs equally often
along rows and columns), and tilted a little (red grows slightly with y, green with x), so that what a processor rounds
after resizing averages out too. Beside the picture goes its negative: the difference of the two is zero wherever
neither is shown, whatever colour padding may have, and blue, 255 in one and 0 in the other, says how much of a pixel is
picture.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.uint16]

WHITE: Final = 255
PERIOD: Final = 64
"""Side of the dither pattern in pixels."""
FRACTION: Final = 256
"""Ramps are computed in units of 1/256 level."""
TILT: Final = 1 / 16
"""Share of the other axis in a ramp."""
PLASTIC: Final = (0.7548776662466927, 0.5698402909980532)
"""1/p and 1/p² of the plastic number p: the R2 sequence, evenly spread in two dimensions (Roberts, 2018)."""


def coordinate_picture(width: int, height: int) -> Image.Image:
    """RGB picture: R from 0 to 255 along x, G along y, both tilted; B = 255."""
    return Image.fromarray(_pixels(width, height, _thresholds()))


def negative_picture(width: int, height: int) -> Image.Image:
    """The negative of `coordinate_picture`, with B = 0; dithered the other way, so that rounding cancels."""
    return Image.fromarray(WHITE - _pixels(width, height, FRACTION - 1 - _thresholds()))


def plain_picture(width: int, height: int, sample: int) -> Image.Image:
    """A grey picture of one sample, 0 to 255."""
    return Image.new("RGB", (width, height), (sample, sample, sample))


def positions(red: Floats, green: Floats) -> tuple[Floats, Floats]:
    """Undo the tilt: red and green as shares of full scale to x and y as shares of the picture's sides."""
    own, scale = 1 - TILT, 1 - 2 * TILT
    return (own * red - TILT * green) / scale, (own * green - TILT * red) / scale


def _thresholds() -> Integers:
    """Dither (64, 64), 0..255."""
    y, x = np.mgrid[0:PERIOD, 0:PERIOD]
    return np.floor(FRACTION * ((PLASTIC[0] * x + PLASTIC[1] * y) % 1)).astype(np.uint16)


def _pixels(width: int, height: int, thresholds: Integers) -> NDArray[np.uint8]:
    pixels = np.full((height, width, 3), WHITE, np.uint8)
    along, across = _centres(width), _centres(height)[:, None]
    for phase in range(min(PERIOD, height)):  # the dither repeats every 64 rows
        rows, dither = across[phase::PERIOD], np.resize(thresholds[phase], width)
        for channel, x_share in ((0, 1 - TILT), (1, TILT)):
            ramp = _levels(along * x_share) + _levels(rows * (1 - x_share))
            pixels[phase::PERIOD, :, channel] = (ramp + dither) // FRACTION
    return pixels


def _centres(length: int) -> Floats:
    """Centres of pixels as shares of the length."""
    return (np.arange(length) + 0.5) / length


def _levels(shares: Floats) -> Integers:
    """Shares of full scale in 1/256 level; two that sum to less than 1 leave room for the dither in 16 bits."""
    return np.floor(shares * (WHITE * FRACTION)).astype(np.uint16)
