"""A sheet of scenes with their questions and answers beside them."""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from cotam.levelvqa.questions import Level, Question
from cotam.levelvqa.scene import Scene

COLUMNS = 2
LARGEST_PICTURE = 448
"""Pixels a side; larger pictures are reduced."""
TEXT_WIDTH, LINE, FONT_SIZE, MARGIN = 380, 18, 13, 12
PAPER, INK = "white", "black"
LEVEL_INKS: dict[Level, str] = {"low": "#1b6ca8", "cross": "#b35900", "high": "#2e7d32"}
"""Colours of the questions, by their level."""


def contact_sheet(scenes: Sequence[Scene]) -> Image.Image:
    """Draw scenes in two columns, each with its questions, which are coloured by level.

    Raises:
        ValueError: there are no scenes.
    """
    if not scenes:
        raise ValueError("a contact sheet needs at least one scene")
    cells = [_cell(scene) for scene in scenes]
    width, height = cells[0].size
    columns, rows = min(COLUMNS, len(cells)), -(-len(cells) // COLUMNS)
    sheet = Image.new("RGB", (columns * width, rows * height), PAPER)
    for place, cell in enumerate(cells):
        sheet.paste(cell, (place % COLUMNS * width, place // COLUMNS * height))
    return sheet


def _cell(scene: Scene) -> Image.Image:
    side = min(LARGEST_PICTURE, scene.image.width)
    cell = Image.new("RGB", (side + TEXT_WIDTH + 2 * MARGIN, max(side, 13 * LINE) + MARGIN), PAPER)
    cell.paste(scene.image.resize((side, side), Image.Resampling.LANCZOS), (MARGIN, MARGIN))
    draw, left = ImageDraw.Draw(cell), side + 2 * MARGIN
    draw.text((left, MARGIN), f"seed {scene.graph.seed}", INK, _font())
    for row, question in enumerate(scene.questions, 1):
        _write(draw, left, MARGIN + row * LINE, question)
    return cell


def _write(draw: ImageDraw.ImageDraw, left: int, top: int, question: Question) -> None:
    font = _font()
    draw.text((left, top), question.text, LEVEL_INKS[question.level], font)
    draw.text((left + draw.textlength(question.text, font) + LINE / 2, top), question.answer, INK, font)


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(FONT_SIZE)
