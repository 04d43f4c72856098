"""A comparison as one picture: every rendition, its figures, and the same detail enlarged."""

from PIL import Image

from cotam.evaluation.compare import Comparison, detail_box
from cotam.evaluation.comparison_captions import Panel, panels, subtitle
from cotam.evaluation.sheet import ACCENT, FAINT, INK, WARNING, Sheet

PANEL = 440
"""Width of a column in pixels."""
TALLEST = 660
"""Most height of a picture in its column; taller ones get narrower."""
GAP, MARGIN, LINE = 28, 48, 32
TITLE_SIZE, NAME_SIZE, TEXT_SIZE = 44, 32, 23
HEAD_HEIGHT = 120
NAME_HEIGHT = 52


def comparison_png(comparison: Comparison) -> bytes:
    """Draw the page.

    Returns:
        A PNG file.
    """
    shown = panels(comparison)
    height, width = comparison.original.shape[:2]
    picture_height = min(max(round(PANEL * height / width), 1), TALLEST)
    lines = max(len(panel.lines) for panel in shown)
    page_width = 2 * MARGIN + len(shown) * PANEL + (len(shown) - 1) * GAP
    page_height = HEAD_HEIGHT + NAME_HEIGHT + picture_height + lines * LINE + 2 * GAP + PANEL + 2 * MARGIN
    sheet = Sheet.of(page_width, page_height)
    sheet.text((MARGIN, MARGIN - 8), comparison.title, TITLE_SIZE, INK, page_width - 2 * MARGIN)
    sheet.text((MARGIN, MARGIN + 52), subtitle(comparison), TEXT_SIZE, FAINT, page_width - 2 * MARGIN)
    box = detail_box(comparison.original)
    for column, panel in enumerate(shown):
        left = MARGIN + column * (PANEL + GAP)
        _draw_panel(sheet, panel, (left, MARGIN + HEAD_HEIGHT), picture_height, lines, box)
    return sheet.to_png()


def _draw_panel(
    sheet: Sheet,
    panel: Panel,
    place: tuple[int, int],
    height: int,
    lines: int,
    box: tuple[int, int, int, int],
) -> None:
    left, top = place
    sheet.text((left, top), panel.name, NAME_SIZE, ACCENT if panel.is_cotam else INK, PANEL)
    top += NAME_HEIGHT
    picture = Image.fromarray(panel.pixels)
    scale = sheet.picture(picture, (left, top), PANEL, height)
    if panel.is_original:
        _mark_detail(sheet, box, picture, (left, top), height, scale)
    top += height + GAP // 2
    for number, line in enumerate(panel.lines):
        colour = WARNING if panel.too_large and number == len(panel.lines) - 1 else (FAINT if number else INK)
        sheet.text((left, top + number * LINE), line, TEXT_SIZE, colour, PANEL)
    sheet.picture(picture.crop(box), (left, top + lines * LINE + GAP // 2), PANEL, PANEL)


def _mark_detail(
    sheet: Sheet,
    box: tuple[int, int, int, int],
    picture: Image.Image,
    place: tuple[int, int],
    height: int,
    scale: float,
) -> None:
    """Outline in the original what is enlarged below, dark within light, so that it shows on everything."""
    left = place[0] + (PANEL - picture.width * scale) / 2
    top = place[1] + (height - picture.height * scale) / 2
    edges = [left + box[0] * scale, top + box[1] * scale, left + box[2] * scale - 1, top + box[3] * scale - 1]
    sheet.draw.rectangle([edges[0] - 1, edges[1] - 1, edges[2] + 1, edges[3] + 1], outline="white", width=4)
    sheet.draw.rectangle(edges, outline=ACCENT, width=2)
