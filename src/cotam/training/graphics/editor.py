"""Code editors and terminals: indented lines of coloured words on a column grid, with line numbers."""

import numpy as np

from cotam.training.graphics.canvas import Canvas, Colour
from cotam.training.graphics.colours import BLACK, Theme, random_colour, random_theme
from cotam.training.graphics.words import COMMON, chance, gibberish, number, phrase, pick

KEYWORDS = (
    "def",
    "return",
    "if",
    "else",
    "for",
    "in",
    "while",
    "import",
    "from",
    "class",
    "await",
    "const",
    "let",
)
COLUMN_WIDTH = 0.57  # width of a character cell, in font sizes
PIXEL_LINE = 13


def render_editor(rng: np.random.Generator, size: int) -> Canvas:
    """Draw part of a code editor, or of a terminal."""
    return _terminal(rng, size) if chance(rng, 0.3) else _code(rng, size)


def _code(rng: np.random.Generator, size: int) -> Canvas:
    theme = random_theme(rng, dark=0.65)
    canvas = Canvas(size, theme.paper, scale=2 if chance(rng, 0.4) else 1)
    font = float(pick(rng, (9, 10, 11, 12, 13, 14, 16)))
    gutter = font * 2.8 if chance(rng, 0.7) else font * 0.5
    if chance(rng, 0.4):
        canvas.box((0, 0, gutter, size), theme.panel)
    row, indent, first = font * float(rng.uniform(1.2, 1.5)), 0, int(rng.integers(1, 900))
    current = int(rng.integers(0, 30))
    for i in range(int(size / row) + 1):
        y = i * row
        if i == current:
            canvas.box((gutter, y, size, y + row), theme.panel)
        if gutter > font:
            canvas.text((gutter - font * 0.5, y), str(first + i), font, theme.faint, anchor="ra")
        if chance(rng, 0.12):
            continue
        _code_line(canvas, rng, theme, (gutter + indent * font * COLUMN_WIDTH * 4, y, font))
        indent = int(np.clip(indent + rng.integers(-1, 2), 0, 4))
    return canvas


def _code_line(
    canvas: Canvas, rng: np.random.Generator, theme: Theme, place: tuple[float, float, float]
) -> None:
    x, y, font = place
    if chance(rng, 0.12):
        canvas.text((x, y), "# " + phrase(rng, int(rng.integers(3, 10))), font, theme.faint)
        return
    for _ in range(int(rng.integers(1, 7))):
        text, colour = _token(rng, theme)
        canvas.text((x, y), text, font, colour)
        x += max(len(text) * font * COLUMN_WIDTH, canvas.text_width(text, font)) + font * 0.25
        if x > canvas.size:
            return


def _token(rng: np.random.Generator, theme: Theme) -> tuple[str, Colour]:
    name = f"{pick(rng, COMMON)}_{pick(rng, COMMON)}" if chance(rng, 0.3) else pick(rng, COMMON)
    kinds = (
        (pick(rng, KEYWORDS), theme.accents[0]),
        (name, theme.ink),
        (f"{name}({gibberish(rng)})", theme.accents[1]),
        (f'"{name}"', theme.accents[2]),
        (number(rng), theme.accents[3]),
        (pick(rng, ("=", "==", "+", "->", "{", "}", "[i]", "();", "+=", "&&", ":")), theme.ink),
    )
    return pick(rng, kinds)


def _terminal(rng: np.random.Generator, size: int) -> Canvas:
    background = BLACK if chance(rng, 0.6) else random_colour(rng, 0, 60)
    canvas = Canvas(size, background)
    text, prompt = random_colour(rng, 150, 256), random_colour(rng, 90, 256)
    left, room = float(rng.integers(2, 9)), size // 6
    for y in range(int(rng.integers(-8, 4)), size, PIXEL_LINE):
        line = phrase(rng, int(rng.integers(1, 9)))[:room]
        if chance(rng, 0.2):
            head = f"{pick(rng, COMMON)}$ "
            canvas.pixel_text((left, y), head, prompt)
            canvas.pixel_text((left + 6 * len(head), y), line, text)
        elif chance(rng, 0.9):
            canvas.pixel_text((left, y), line, text)
    return canvas
