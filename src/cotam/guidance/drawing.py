"""Importance and levels for people: a heat map over the picture, and the level map beside it."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]

PANEL: Final = 720
"""Pixels of the longer side of each of the two panels."""
MARGIN, LINE, SWATCH = 24, 30, 18
"""Pixels around panels, of a line of text with its gap, and of a coloured square in the legend."""
TEXT_SIZE, TITLE_SIZE = 16, 20
"""Height of letters, in pixels."""
SIGN_CELL: Final = 26
"""Cells whose shorter side has as many pixels carry their level as a number."""

PAPER, INK, FAINT = (250, 250, 248), (28, 30, 36), (110, 114, 122)
CELL_BORDER = (225, 225, 225)
RAMP: Final[tuple[Colour, ...]] = (
    (13, 8, 60),
    (84, 15, 120),
    (165, 35, 105),
    (226, 80, 60),
    (251, 155, 30),
    (252, 245, 150),
)
"""From unimportant to important, evenly spaced; lightness rises throughout, so it reads in grey too."""
COARSE, FINE = (40, 105, 200), (240, 120, 20)
"""Lowest and highest level; level 0 is left without colour."""

FAINT_HEAT, STRONG_HEAT = 0.45, 0.75
"""Shares of heat over picture where it is unimportant and important."""
TINT_SHARE: Final = 0.6
"""Share of the colour of the highest or lowest level over the picture."""
TAILS: Final = (1, 99)
"""Percentiles of importance that get the two ends of the ramp."""


def draw_importance(
    pixels: NDArray[np.uint8], importance: NDArray[Any], levels: NDArray[np.integer[Any]]
) -> Image.Image:
    """Draw what a source of guidance says of a picture.

    Args:
        pixels: the picture, uint8 (height, width, 3).
        importance: (rows, columns), finite, larger is more important.
        levels: the level map made of it, integers (rows, columns); larger is finer.

    Returns:
        RGB picture: on the left the heat map over the picture, on the right the level map, each with its legend.
    """
    height, width = pixels.shape[:2]
    scale = PANEL / max(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    picture = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
    left = _framed(heat_over(picture, importance), "Importance", _ramp_legend())
    title = f"Levels, {levels.shape[0]} x {levels.shape[1]} cells"
    right = _framed(_level_panel(picture, levels), title, _level_legend(levels))
    sheet = Image.new("RGB", (left.width + right.width - MARGIN, left.height), PAPER)
    sheet.paste(left, (0, 0))
    sheet.paste(right, (left.width - MARGIN, 0))
    return sheet


def ramp_colours(shares: NDArray[Any]) -> NDArray[np.uint8]:
    """Colours (..., 3) of numbers in 0..1 on `RAMP`."""
    stops = np.linspace(0, 1, len(RAMP))
    channels = [np.interp(shares, stops, channel) for channel in zip(*RAMP, strict=True)]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


def level_colour(level: int, highest: int) -> Colour:
    """Return the colour of a level other than 0: paler the nearer it is to 0."""
    share = 0.45 + 0.55 * abs(level) / highest
    red, green, blue = (round(255 + share * (end - 255)) for end in (FINE if level > 0 else COARSE))
    return red, green, blue


def heat_over(picture: Image.Image, importance: NDArray[Any]) -> Image.Image:
    """Lay importance (rows, columns) as a heat map over a grey copy of a picture; RGB of the picture's size."""
    low, high = np.percentile(importance, TAILS)
    shares = (importance - low) / (high - low) if high > low else np.full(importance.shape, 0.5)
    smooth = Image.fromarray(shares.astype(np.float32)).resize(picture.size, Image.Resampling.BICUBIC)
    heat = np.clip(np.asarray(smooth), 0, 1)
    share = (FAINT_HEAT + heat * (STRONG_HEAT - FAINT_HEAT))[..., None]
    grey = np.asarray(picture.convert("L"), dtype=np.float32)[..., None]
    return Image.fromarray(np.rint(grey + share * (ramp_colours(heat) - grey)).astype(np.uint8))


def _level_panel(picture: Image.Image, levels: NDArray[Any]) -> Image.Image:
    rows, columns = levels.shape
    highest = max(int(np.abs(levels).max()), 1)
    panel = picture.convert("L").convert("RGB")
    vertical = np.linspace(0, panel.height, rows + 1).round().astype(int)
    horizontal = np.linspace(0, panel.width, columns + 1).round().astype(int)
    signs = min(panel.height / rows, panel.width / columns) >= SIGN_CELL
    for (row, column), level in np.ndenumerate(levels):
        box = (*_pair(horizontal, vertical, column, row), *_pair(horizontal, vertical, column + 1, row + 1))
        if box[0] < box[2] and box[1] < box[3]:
            _draw_cell(panel, box, int(level), highest, signs)
    return panel


def _pair(horizontal: NDArray[Any], vertical: NDArray[Any], column: int, row: int) -> tuple[int, int]:
    return int(horizontal[column]), int(vertical[row])


def _draw_cell(
    panel: Image.Image, box: tuple[int, int, int, int], level: int, highest: int, sign: bool
) -> None:
    left, top, right, bottom = box
    if level:
        cell = panel.crop(box)
        colour = Image.new("RGB", cell.size, level_colour(level, highest))
        panel.paste(Image.blend(cell, colour, TINT_SHARE), (left, top))
    draw = ImageDraw.Draw(panel)
    if sign:
        draw.rectangle((left, top, right, bottom), outline=CELL_BORDER)
    if sign and level:
        middle = ((left + right) / 2, (top + bottom) / 2)
        draw.text(middle, _sign(level), INK, _font(TEXT_SIZE), anchor="mm", stroke_width=3, stroke_fill=PAPER)


def _framed(panel: Image.Image, title: str, legend: Image.Image) -> Image.Image:
    """Put a title above a panel and a legend under it."""
    width = max(panel.width, legend.width) + 2 * MARGIN
    sheet = Image.new("RGB", (width, panel.height + legend.height + LINE + 3 * MARGIN), PAPER)
    ImageDraw.Draw(sheet).text((MARGIN, MARGIN), title, INK, _font(TITLE_SIZE))
    sheet.paste(panel, (MARGIN, MARGIN + LINE))
    sheet.paste(legend, (MARGIN, panel.height + LINE + 2 * MARGIN))
    return sheet


def _ramp_legend() -> Image.Image:
    before, after = "less important", "more important"
    font = _font(TEXT_SIZE)
    start = round(font.getlength(before)) + 10
    bar = Image.fromarray(np.broadcast_to(ramp_colours(np.linspace(0, 1, 200)), (SWATCH, 200, 3)).copy())
    legend = Image.new("RGB", (start + 210 + round(font.getlength(after)), LINE), PAPER)
    draw = ImageDraw.Draw(legend)
    draw.text((0, SWATCH / 2), before, INK, font, anchor="lm")
    legend.paste(bar, (start, 0))
    draw.text((start + 210, SWATCH / 2), after, INK, font, anchor="lm")
    return legend


def _level_legend(levels: NDArray[Any]) -> Image.Image:
    """One square per level with its meaning and its share of the cells."""
    highest = max(int(np.abs(levels).max()), 1)
    shown = range(-highest, highest + 1)
    entries = [
        f"{_sign(level)}{_meaning(level, highest)} ({np.mean(levels == level):.0%})" for level in shown
    ]
    font = _font(TEXT_SIZE)
    widths = [SWATCH + 8 + round(font.getlength(entry)) + 18 for entry in entries]
    legend = Image.new("RGB", (sum(widths), LINE), PAPER)
    draw = ImageDraw.Draw(legend)
    for level, entry, left in zip(shown, entries, _starts(widths), strict=True):
        colour = level_colour(level, highest) if level else PAPER
        draw.rectangle((left, 0, left + SWATCH - 1, SWATCH - 1), fill=colour, outline=FAINT)
        draw.text((left + SWATCH + 8, SWATCH / 2), entry, INK, font, anchor="lm")
    return legend


def _meaning(level: int, highest: int) -> str:
    """Words for the two ends and the middle; the levels between need none."""
    return {-highest: " coarser", 0: " as asked", highest: " finer"}.get(level, "")


def _sign(level: int) -> str:
    return f"{level:+d}" if level else "0"


def _starts(widths: Sequence[int]) -> list[int]:
    return [sum(widths[:index]) for index in range(len(widths))]


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
