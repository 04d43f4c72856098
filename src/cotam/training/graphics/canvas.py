"""A drawing surface in output pixels that may be drawn finer than it is delivered, for smooth edges."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Point = tuple[float, float]
Box = tuple[float, float, float, float]

BOLD_STROKE = 0.028  # extra outline of bold letters, in font sizes
SMALLEST_FONT = 5


@lru_cache(maxsize=128)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return Pillow's bundled font at `size` pixels."""
    return ImageFont.load_default(size=max(size, SMALLEST_FONT))


@lru_cache(maxsize=1)
def pixel_font() -> ImageFont.ImageFont:
    """Return Pillow's bundled 6 x 11 bitmap font, the look of a plain terminal."""
    return ImageFont.load_default_imagefont()


class Canvas:
    """A square picture of `size` pixels, drawn at `scale` times that and averaged down.

    All coordinates and lengths are in output pixels and may lie outside the picture.
    """

    def __init__(self, size: int, background: Colour, scale: int = 1) -> None:
        self.size = size
        self.scale = scale
        self._image = Image.new("RGB", (size * scale, size * scale), background)
        self._draw = ImageDraw.Draw(self._image)

    def _scaled(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self.scale, y * self.scale) for x, y in points]

    def _width(self, width: float) -> int:
        return max(1, round(width * self.scale))

    def text(
        self, at: Point, text: str, size: float, colour: Colour, *, bold: bool = False, anchor: str = "la"
    ) -> None:
        """Draw one line of text; `anchor` as in Pillow (la: `at` is the upper left corner)."""
        pixels = round(size * self.scale)
        stroke = BOLD_STROKE * pixels if bold else 0
        (place,) = self._scaled([at])
        self._draw.text(place, text, fill=colour, font=font(pixels), anchor=anchor, stroke_width=stroke)

    def pixel_text(self, at: Point, text: str, colour: Colour) -> None:
        """Draw one line in the bitmap font (characters of 6 x 11 pixels of the drawing)."""
        self._draw.text(self._scaled([at])[0], text, fill=colour, font=pixel_font())

    def upright_text(self, at: Point, text: str, size: float, colour: Colour) -> None:
        """Draw one line turned by 90 degrees, reading upwards, centred on `at`."""
        face = font(round(size * self.scale))
        left, top, right, bottom = (round(v) for v in face.getbbox(text))
        mask = Image.new("L", (max(1, right - left), max(1, bottom - top)))
        ImageDraw.Draw(mask).text((-left, -top), text, fill=255, font=face)
        turned = mask.transpose(Image.Transpose.ROTATE_90)
        x, y = round(at[0] * self.scale - turned.width / 2), round(at[1] * self.scale - turned.height / 2)
        self._image.paste(colour, (x, y), turned)

    def text_width(self, text: str, size: float) -> float:
        """Return how wide `text` is drawn at `size`."""
        return float(font(round(size * self.scale)).getlength(text)) / self.scale

    def box(
        self,
        box: Box,
        fill: Colour | None = None,
        outline: Colour | None = None,
        *,
        width: float = 1,
        radius: float = 0,
    ) -> None:
        """Draw a rectangle (left, top, right, bottom), with rounded corners if `radius` is given."""
        left, top, right, bottom = (round(v * self.scale) for v in box)
        if right <= left or bottom <= top:
            return
        edges = (left, top, right - 1, bottom - 1)
        line = self._width(width)
        if radius > 0:
            self._draw.rounded_rectangle(edges, radius * self.scale, fill, outline, line)
        else:
            self._draw.rectangle(edges, fill, outline, line)

    def line(self, points: Sequence[Point], colour: Colour, width: float = 1) -> None:
        """Draw connected straight lines."""
        self._draw.line(self._scaled(points), fill=colour, width=self._width(width), joint="curve")

    def polygon(self, points: Sequence[Point], fill: Colour) -> None:
        """Draw a filled polygon."""
        self._draw.polygon(self._scaled(points), fill=fill)

    def disc(self, centre: Point, radius: float, fill: Colour | None, outline: Colour | None = None) -> None:
        """Draw a filled circle; one of negative radius is left out."""
        if radius < 0:
            return
        x, y, r = (v * self.scale for v in (*centre, radius))
        self._draw.ellipse((x - r, y - r, x + r, y + r), fill, outline, self._width(1))

    def sector(self, centre: Point, radius: float, angles: tuple[float, float], fill: Colour) -> None:
        """Draw a slice of a pie between two angles in degrees; one of negative radius is left out."""
        if radius < 0:
            return
        x, y, r = (v * self.scale for v in (*centre, radius))
        self._draw.pieslice((x - r, y - r, x + r, y + r), *angles, fill=fill)

    def gradient(self, box: Box, start: Colour, end: Colour, *, upright: bool = True) -> None:
        """Fill a rectangle with a linear gradient, from the top down or from left to right."""
        left, top, right, bottom = (round(v * self.scale) for v in box)
        if right <= left or bottom <= top:
            return
        steps = bottom - top if upright else right - left
        ramp = np.linspace(start, end, max(steps, 1)).round().astype(np.uint8)
        strip = Image.fromarray(ramp[:, None] if upright else ramp[None])
        self._image.paste(strip.resize((right - left, bottom - top), Image.Resampling.NEAREST), (left, top))

    def rotate(self, degrees: float, background: Colour) -> None:
        """Turn the drawing about its centre, as a page that lies askew; the corners become background."""
        self._image = self._image.rotate(degrees, Image.Resampling.BILINEAR, fillcolor=background)
        self._draw = ImageDraw.Draw(self._image)

    def stretch(self, across: float, down: float) -> None:
        """Enlarge the upper left part of the drawing to the whole of it, by factors of at least 1."""
        side = self.size * self.scale
        part = (0, 0, side / across, side / down)
        self._image = self._image.resize((self.size, self.size), Image.Resampling.BICUBIC, part)
        self._draw, self.scale = ImageDraw.Draw(self._image), 1

    def pixels(self) -> np.ndarray:
        """Return the picture, uint8 (size, size, 3)."""
        finished = self._image.reduce(self.scale) if self.scale > 1 else self._image
        return np.array(finished)
