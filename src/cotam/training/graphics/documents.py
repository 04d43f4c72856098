"""Pages of text: headings, paragraphs in columns, bullet lists, letters on tinted or askew paper."""

import numpy as np

from cotam.training.graphics.canvas import Canvas
from cotam.training.graphics.colours import Theme, mix, random_colour, random_theme
from cotam.training.graphics.words import chance, label, number, phrase, pick

BODY_SIZES = (7, 8, 9, 10, 11, 12, 12, 13, 14, 16, 18, 22, 28)
LETTER_WIDTH = 0.5  # mean advance of a letter, in font sizes
WORD_LETTERS = 5.3  # mean letters of a word with its space
MAX_LEAN = 4.0  # degrees


class _Column:
    """One column of a page, filled from the top down."""

    def __init__(
        self, canvas: Canvas, theme: Theme, rng: np.random.Generator, left: float, width: float, size: int
    ) -> None:
        self.canvas, self.theme, self.rng = canvas, theme, rng
        self.left, self.width, self.size = left, width, size
        self.leading = size * float(rng.uniform(1.15, 1.6))
        self.y = float(rng.uniform(-size, canvas.size / 10))

    @property
    def full(self) -> bool:
        return self.y > self.canvas.size

    def heading(self) -> None:
        size = self.size * float(self.rng.uniform(1.2, 2.2))
        colour = self.theme.accents[0] if chance(self.rng, 0.4) else self.theme.ink
        self.canvas.text((self.left, self.y), label(self.rng), size, colour, bold=chance(self.rng, 0.7))
        self.y += size * 1.6

    def line(self, width: float, indent: float = 0) -> None:
        words = max(1, round(width / (self.size * LETTER_WIDTH * WORD_LETTERS)))
        text = phrase(self.rng, words)
        room = int(width / (self.size * LETTER_WIDTH))
        colour = self.theme.accents[1] if chance(self.rng, 0.03) else self.theme.ink
        self.canvas.text((self.left + indent, self.y), text[: max(room, 1)], self.size, colour)
        self.y += self.leading

    def paragraph(self) -> None:
        lines = int(self.rng.integers(2, 9))
        for i in range(lines):
            if self.full:
                return
            last = i == lines - 1
            self.line(self.width * float(self.rng.uniform(0.2, 0.9) if last else 1))
        self.y += self.leading * float(self.rng.uniform(0.2, 0.9))

    def bullets(self) -> None:
        indent = self.size * 1.2
        for _ in range(int(self.rng.integers(2, 6))):
            centre = (self.left + self.size * 0.4, self.y + self.size * 0.6)
            self.canvas.disc(centre, max(1.0, self.size * 0.15), self.theme.ink)
            self.line((self.width - indent) * float(self.rng.uniform(0.4, 1)), indent)
        self.y += self.leading * 0.5

    def rule(self) -> None:
        self.canvas.line([(self.left, self.y), (self.left + self.width, self.y)], self.theme.faint)
        self.y += self.leading * 0.6

    def entries(self) -> None:
        """Draw lines with a figure at the right margin, as in invoices and contents."""
        for _ in range(int(self.rng.integers(2, 6))):
            right = (self.left + self.width, self.y)
            self.canvas.text(right, number(self.rng), self.size, self.theme.ink, anchor="ra")
            self.line(self.width * 0.55)


def render_document(rng: np.random.Generator, size: int) -> Canvas:
    """Draw part of a page of text."""
    theme = random_theme(rng, dark=0.2)
    canvas = Canvas(size, theme.paper, scale=2 if chance(rng, 0.3) else 1)
    body = pick(rng, BODY_SIZES)
    count = 2 if body * 20 < size and chance(rng, 0.35) else 1
    left = float(rng.uniform(-0.15, 0.1)) * size
    width = size * float(rng.uniform(0.85, 1.15)) / count
    for i in range(count):
        _fill(_Column(canvas, theme, rng, left + i * width, width - body * 1.5, body))
    if chance(rng, 0.12):
        _lay_askew(canvas, rng, theme)
    return canvas


def _fill(column: _Column) -> None:
    parts = (column.paragraph, column.bullets, column.rule, column.heading, column.entries)
    while not column.full:
        draw = parts[int(column.rng.choice(len(parts), p=(0.55, 0.12, 0.05, 0.18, 0.1)))]
        draw()


def _lay_askew(canvas: Canvas, rng: np.random.Generator, theme: Theme) -> None:
    desk = mix(theme.paper, random_colour(rng), 0.5)
    canvas.rotate(float(rng.uniform(-MAX_LEAN, MAX_LEAN)), desk)
