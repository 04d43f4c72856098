"""Icons: a coloured tile or disc that carries a letter, an arrow, a menu, a person or a tick."""

import numpy as np

from cotam.training.graphics.canvas import Canvas, Point
from cotam.training.graphics.colours import WHITE, Theme
from cotam.training.graphics.words import ACTIONS, chance, pick


def draw_icon(canvas: Canvas, theme: Theme, rng: np.random.Generator, centre: Point, radius: float) -> None:
    """Draw a coloured tile or disc with a simple sign on it."""
    (x, y), r = centre, radius
    colour = pick(rng, theme.accents)
    if chance(rng, 0.5):
        canvas.disc(centre, r, colour)
    else:
        canvas.box((x - r, y - r, x + r, y + r), colour, radius=r * 0.4)
    kind = int(rng.integers(5))
    if kind == 0:
        canvas.text(centre, pick(rng, ACTIONS)[0], r * 1.2, WHITE, anchor="mm", bold=True)
    elif kind == 1:
        canvas.polygon([(x - r * 0.3, y - r * 0.45), (x + r * 0.5, y), (x - r * 0.3, y + r * 0.45)], WHITE)
    elif kind == 2:
        for dy in (-0.35, 0, 0.35):
            canvas.line([(x - r * 0.5, y + r * dy), (x + r * 0.5, y + r * dy)], WHITE, r * 0.16)
    elif kind == 3:
        canvas.disc((x, y - r * 0.25), r * 0.28, WHITE)
        canvas.sector((x, y + r * 0.65), r * 0.55, (180, 360), WHITE)
    else:
        canvas.line(
            [(x - r * 0.5, y), (x - r * 0.1, y + r * 0.4), (x + r * 0.5, y - r * 0.4)], WHITE, r * 0.2
        )
