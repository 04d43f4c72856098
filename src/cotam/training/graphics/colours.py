"""Colours that belong together: light, dark and tinted themes, and series of distinct accents."""

from dataclasses import dataclass

import numpy as np

from cotam.training.graphics.canvas import Colour
from cotam.training.graphics.words import pick

ACCENTS: tuple[tuple[Colour, ...], ...] = (
    ((31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189), (140, 86, 75)),
    ((66, 133, 244), (234, 67, 53), (251, 188, 5), (52, 168, 83), (171, 71, 188), (0, 172, 193)),
    ((102, 194, 165), (252, 141, 98), (141, 160, 203), (231, 138, 195), (166, 216, 84), (255, 217, 47)),
    ((0, 63, 92), (88, 80, 141), (188, 80, 144), (255, 99, 97), (255, 166, 0), (47, 75, 124)),
    ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37), (40, 120, 142)),
)
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)


@dataclass(frozen=True)
class Theme:
    """The colours of one page or window."""

    paper: Colour
    """Background of the page."""
    panel: Colour
    """Background of bars, cards and headings; close to `paper`."""
    ink: Colour
    """Running text."""
    faint: Colour
    """Secondary text, grid lines and borders."""
    accents: tuple[Colour, ...]
    """At least six colours that differ well, for series, buttons and links."""


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return the colour that is `share` (0..1) of the way from `first` to `second`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def random_colour(rng: np.random.Generator, low: int = 0, high: int = 256) -> Colour:
    """Return a colour with each component in [low, high)."""
    red, green, blue = (int(v) for v in rng.integers(low, high, size=3))
    return red, green, blue


def random_theme(rng: np.random.Generator, dark: float = 0.3) -> Theme:
    """Return a theme: dark with probability `dark`, otherwise white (mostly) or tinted paper."""
    accents = list(pick(rng, ACCENTS))
    rng.shuffle(accents)
    kind = rng.random()
    if kind < dark:
        tint = random_colour(rng, 0, 30)
        paper = mix(tint, (30, 32, 40), float(rng.random()))
        ink = random_colour(rng, 200, 256)
    elif kind < dark + 0.2:
        paper, ink = random_colour(rng, 215, 256), random_colour(rng, 0, 80)
    else:
        grey = int(rng.integers(0, 60))
        paper, ink = WHITE, (grey, grey, grey)
    share = float(rng.uniform(0.04, 0.12))
    return Theme(paper, mix(paper, ink, share), ink, mix(paper, ink, share + 0.3), tuple(accents))
