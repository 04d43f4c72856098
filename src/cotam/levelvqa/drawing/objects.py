"""Shapes and icons on a picture: filled with their colour, outlined, inside their boxes."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from cotam.levelvqa.drawing.circle import ONE, cosine, sine
from cotam.levelvqa.drawing.icons import ICON_FIGURES
from cotam.levelvqa.drawing.palette import INK, PAPER, Colour, outline_of, shades, towards, varied
from cotam.levelvqa.drawing.polygons import OVERSAMPLING, Points, mask, rotated
from cotam.levelvqa.drawing.shapes import SHAPE_FIGURES
from cotam.levelvqa.scene_graph import SceneObject
from cotam.levelvqa.stream import Stream

_FIGURES = {**SHAPE_FIGURES, **ICON_FIGURES}
_PIXELS_TO_OUTLINE = 56
"""Pixels of a box for each pixel that the outline is wide."""
_WIDEST_OUTLINE = 4
_SHADED_HEIGHTS = (84, 196)
_SPECKLES_ALONG = 11
_SPECKLE_PERCENT = 24


@dataclass(frozen=True)
class _Fit:
    """How a turned figure is moved and scaled into the middle of a box."""

    centre: tuple[int, int]
    scale: tuple[int, int]
    middle: tuple[int, int]

    def __call__(self, points: Points) -> Points:
        (cx, cy), (up, down), (mx, my) = self.centre, self.scale, self.middle
        return tuple(
            (mx + (2 * x - cx) * up // (2 * down), my + (2 * y - cy) * up // (2 * down)) for x, y in points
        )


def paint_object(picture: Image.Image, item: SceneObject, stream: Stream) -> None:
    """Paint a shape or icon onto a picture.

    Args:
        picture: RGB; changed.
        item: what to paint.
        stream: of the variations of its colour and texture.
    """
    colour = varied(item.colour, stream)
    outline = outline_of(colour)
    solid, details, edge = _masks(item)
    corner = (item.box.x0, item.box.y0)
    picture.paste(outline, corner, edge)
    picture.paste(_fill(item, colour, stream), corner, solid)
    picture.paste(outline, corner, details)


def _masks(item: SceneObject) -> tuple[Image.Image, Image.Image, Image.Image]:
    """What the colour fills, what the details cover, and the first one grown by the outline."""
    width, height = item.box.width, item.box.height
    outline = min(_WIDEST_OUTLINE, 1 + min(width, height) // _PIXELS_TO_OUTLINE)
    figure = _FIGURES[item.kind]
    solid = [rotated(points, item.rotation) for points in figure.solid]
    fit = _fitting(solid, width - 2 * outline, height - 2 * outline, outline)

    def covered(polygons: tuple[Points, ...]) -> Image.Image:
        return mask((fit(rotated(points, item.rotation)) for points in polygons), width, height)

    filled = mask(map(fit, solid), width, height)
    if figure.holes:
        filled = ImageChops.subtract(filled, covered(figure.holes))
    details = covered(figure.details) if figure.details else Image.new("L", (width, height))
    grown = filled
    for _ in range(outline):
        grown = grown.filter(ImageFilter.MaxFilter(3))
    return filled, details, grown


def _fitting(polygons: list[Points], width: int, height: int, margin: int) -> _Fit:
    """The largest fit of polygons into width by height pixels with a margin around them."""
    xs, ys = zip(*(point for points in polygons for point in points), strict=True)
    span_x, span_y = max(xs) - min(xs), max(ys) - min(ys)
    available_x, available_y = (OVERSAMPLING * max(1, length) for length in (width, height))
    wide = available_x * span_y < available_y * span_x
    scale = (available_x, span_x) if wide else (available_y, span_y)
    middle = tuple(OVERSAMPLING * (length + 2 * margin) // 2 for length in (width, height))
    return _Fit((min(xs) + max(xs), min(ys) + max(ys)), scale, (middle[0], middle[1]))


def _fill(item: SceneObject, colour: Colour, stream: Stream) -> Image.Image:
    """A box full of the object's colour and texture."""
    size = (item.box.width, item.box.height)
    if item.texture == "shaded":
        return _gradient(size, colour, stream.below(360))
    plain = Image.new("RGB", size, colour)
    if item.texture == "speckled":
        _speckle(plain, colour, stream)
    return plain


def _gradient(size: tuple[int, int], colour: Colour, degrees: int) -> Image.Image:
    """From a darker to a lighter shade in a direction."""
    width, height = size
    across = (2 * np.arange(width) - width + 1)[None, :] * cosine(degrees) // max(1, width)
    down = (2 * np.arange(height) - height + 1)[:, None] * sine(degrees) // max(1, height)
    low, high = _SHADED_HEIGHTS
    heights = (low + high) // 2 + (across + down) * (high - low) // (2 * ONE)
    return Image.fromarray(shades(colour)[np.clip(heights, 0, 255)])


def _speckle(plain: Image.Image, colour: Colour, stream: Stream) -> None:
    """Small dots, one somewhere in each cell of a lattice, of a lighter or darker shade."""
    tones = [towards(colour, tone, _SPECKLE_PERCENT) for tone in (INK, PAPER)]
    cell = max(4, max(plain.size) // _SPECKLES_ALONG)
    draw = ImageDraw.Draw(plain)
    for top in range(0, plain.height, cell):
        for left in range(0, plain.width, cell):
            x, y = left + stream.below(cell), top + stream.below(cell)
            draw.rectangle((x, y, x + cell // 4, y + cell // 4), fill=tones[stream.below(2)])
