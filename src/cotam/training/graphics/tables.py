"""Tables: ruled, striped or plain, with a heading row, words at the left and figures at the right."""

import numpy as np

from cotam.training.graphics.canvas import Canvas
from cotam.training.graphics.colours import random_theme
from cotam.training.graphics.words import chance, label, number, phrase


def render_table(rng: np.random.Generator, size: int) -> Canvas:
    """Draw part of a table or spreadsheet."""
    theme = random_theme(rng)
    canvas = Canvas(size, theme.paper, scale=2 if chance(rng, 0.3) else 1)
    font = float(rng.uniform(8, 16))
    row = font * float(rng.uniform(1.3, 2.4))
    rows = int(size / row) + 1
    striped, ruled, columned = chance(rng, 0.4), chance(rng, 0.6), chance(rng, 0.5)
    head = theme.accents[0] if chance(rng, 0.4) else theme.panel
    canvas.box((0, 0, size, row), head)
    for i in range(1, rows):
        if striped and i % 2:
            canvas.box((0, i * row, size, (i + 1) * row), theme.panel)
        if ruled:
            canvas.line([(0, i * row), (size, i * row)], theme.faint, 0.8)
    x = float(rng.uniform(-font * 3, font))
    while x < size:
        width = font * float(rng.uniform(3.5, 9))
        figures = chance(rng, 0.6)
        canvas.text(
            (x + font * 0.4, row / 2),
            label(rng)[: int(width / font / 0.6)],
            font,
            theme.ink,
            bold=True,
            anchor="lm",
        )
        for i in range(1, rows):
            y = (i + 0.5) * row
            if figures:
                canvas.text((x + width - font * 0.4, y), number(rng), font, theme.ink, anchor="rm")
            else:
                text = phrase(rng, 2)[: int(width / font / 0.55)]
                canvas.text((x + font * 0.4, y), text, font, theme.ink, anchor="lm")
        x += width
        if columned:
            canvas.line([(x, 0), (x, size)], theme.faint, 0.8)
    return canvas
