"""Signs: a word, a digit or a letter on a plate."""

from functools import lru_cache
from typing import cast

from PIL import Image, ImageDraw, ImageFont

from cotam.levelvqa.drawing.palette import varied
from cotam.levelvqa.scene_graph import Sign
from cotam.levelvqa.stream import Stream

_FONT_PIXELS = 120
_BOLDNESS = 5
"""Pixels that strokes are thickened by, at `_FONT_PIXELS`."""
_MARGIN_PERCENT = 14
_STRETCH_PERCENT = 135
"""Most that a text is drawn out of shape to fill its plate."""
_ROWS_TO_BORDER = 24
"""Rows of a plate for each pixel that its border is wide."""


def paint_sign(picture: Image.Image, sign: Sign, stream: Stream) -> None:
    """Paint a plate and its text onto a picture.

    Args:
        picture: RGB; changed.
        sign: what to paint; a letter or digit is a text of one character.
        stream: of the variations of its colours.
    """
    colour, plate = varied(sign.colour, stream), varied(sign.plate, stream)
    box = sign.box
    border = max(1, min(box.width, box.height) // _ROWS_TO_BORDER)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((box.x0, box.y0, box.x1 - 1, box.y1 - 1), fill=plate, outline=colour, width=border)
    margin = border + max(1, (box.height - 2 * border) * _MARGIN_PERCENT // 100)
    text = _fitted(sign.text, max(1, box.width - 2 * margin), max(1, box.height - 2 * margin))
    left = box.x0 + (box.width - text.width) // 2
    top = box.y0 + (box.height - text.height) // 2
    picture.paste(colour, (left, top), text)


def _fitted(text: str, width: int, height: int) -> Image.Image:
    """The mask of a text, as large as fits, at most a little out of shape."""
    master = _text_mask(text)
    wide = min(width, height * master.width * _STRETCH_PERCENT // (master.height * 100))
    high = min(height, width * master.height * _STRETCH_PERCENT // (master.width * 100))
    return master.resize((max(1, wide), max(1, high)), Image.Resampling.BICUBIC, reducing_gap=None)


@lru_cache(maxsize=256)
def _text_mask(text: str) -> Image.Image:
    """A text drawn large and cut to its edges, "L"."""
    font = _font()
    left, top, right, bottom = font.getbbox(text, stroke_width=_BOLDNESS)
    size = (round(right - left) + 2, round(bottom - top) + 2)
    canvas = Image.new("L", size)
    draw = ImageDraw.Draw(canvas)
    draw.text((1 - left, 1 - top), text, fill=255, font=font, stroke_width=_BOLDNESS)
    return canvas.crop(canvas.getbbox())


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont:
    """The TrueType font that ships with Pillow, laid out the same with and without Raqm."""
    font = cast(ImageFont.FreeTypeFont, ImageFont.load_default(_FONT_PIXELS))
    return font.font_variant(layout_engine=ImageFont.Layout.BASIC)
