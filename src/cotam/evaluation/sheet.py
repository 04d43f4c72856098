"""A page of pictures and lines of text while it is drawn; what pages of this package have in common."""

import io
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

PAPER, FRAME, INK, FAINT = "#ffffff", "#c9ced6", "#1b1f26", "#5b6472"
ACCENT, WARNING, GOOD = "#0b6bcb", "#b3401a", "#1d7a3a"
"""Colours of cotam's name, of what is not as it should be, and of what is."""


@dataclass(frozen=True)
class Sheet:
    """An empty page, to be written on."""

    image: Image.Image
    draw: ImageDraw.ImageDraw

    @staticmethod
    def of(width: int, height: int) -> "Sheet":
        """Take a white sheet of so many pixels."""
        image = Image.new("RGB", (width, height), PAPER)
        return Sheet(image, ImageDraw.Draw(image))

    def text(self, place: tuple[int, int], text: str, size: int, colour: str, width: int) -> None:
        """Write a line, cut to ``width`` pixels."""
        font = _font(size)
        if font.getlength(text) > width:
            while text and font.getlength(text + "...") > width:
                text = text[:-1]
            text += "..."
        self.draw.text(place, text, colour, font)

    def picture(self, picture: Image.Image, place: tuple[int, int], width: int, height: int) -> float:
        """Paste a picture centred into a box, as large as fits, within a frame.

        Args:
            picture: RGB.
            place: left and top of the box.
            width: of the box.
            height: of the box.

        Returns:
            Its scale.
        """
        scale = min(width / picture.width, height / picture.height)
        size = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
        smooth = Image.Resampling.LANCZOS if scale < 2 else Image.Resampling.NEAREST
        left, top = place[0] + (width - size[0]) // 2, place[1] + (height - size[1]) // 2
        self.image.paste(picture.resize(size, smooth), (left, top))
        self.draw.rectangle((left - 1, top - 1, left + size[0], top + size[1]), outline=FRAME)
        return scale

    def to_png(self) -> bytes:
        """The page as a PNG file."""
        buffer = io.BytesIO()
        self.image.save(buffer, "PNG", optimize=True)
        return buffer.getvalue()


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The typeface that comes with Pillow."""
    return ImageFont.load_default(size)
