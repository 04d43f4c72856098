"""The worst pictures drawn: original, coded, and what is left of each patch's tokens at several depths."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from cotam.analysis.stages import Stages
from cotam.analysis.worst import WorstPicture
from cotam.evaluation.rivals import Pixels
from cotam.guidance.drawing import ramp_colours

CELL, GAP, LINE = 176, 12, 22
"""Pixels of a picture's side, between pictures, and of a line of text."""
TEXT_SIZE: Final = 14
PAPER, INK, FAINT = "#ffffff", "#1b1f26", "#5b6472"
FARTHEST: Final = 0.8
"""1 - cosine that gets the last colour of the ramp; the first is 0."""
THIRDS: Final = 3


@dataclass(frozen=True, eq=False)
class ShownPicture:
    """A worst picture with its pixels."""

    worst: WorstPicture
    original: Pixels
    coded: Pixels


def worst_sheet(pictures: Sequence[ShownPicture], stages: Stages | None) -> bytes:
    """Draw a sheet with a row for each picture.

    Maps are squashed as the tower squashes pictures, dark where a patch's tokens are as before, light where they are
    lost; the last map is the attention that patches of the original receive in the last block.

    Args:
        pictures: at least one.
        stages: whose ends are shown; without them the thirds of the tower.

    Returns:
        A PNG file.
    """
    places = _places(len(pictures[0].worst.cells) - 1, stages)
    columns = len(places) + 3
    width = columns * (CELL + GAP) + GAP
    row_height = CELL + 2 * LINE + GAP
    sheet = Image.new("RGB", (width, len(pictures) * row_height + GAP), PAPER)
    for number, picture in enumerate(pictures):
        _draw_row(sheet, picture, places, GAP + number * row_height)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _places(depth: int, stages: Stages | None) -> list[tuple[int, str]]:
    """Places of tokens, and what they are called."""
    if stages is None:
        blocks = sorted({max(depth * third // THIRDS, 1) for third in range(1, THIRDS + 1)})
        return [(block, f"after block {block - 1}") for block in blocks]
    ends = [(blocks.stop, f"end of stage {number}") for number, blocks in enumerate(stages.ranges, 1)]
    return [*ends[:2], (stages.third.block + 1, "first block of stage 3"), (depth, "last block")]


def _draw_row(sheet: Image.Image, picture: ShownPicture, places: Sequence[tuple[int, str]], top: int) -> None:
    draw, font, worst = ImageDraw.Draw(sheet), ImageFont.load_default(TEXT_SIZE), picture.worst
    title = (
        f"{worst.name}: {worst.codec}, quality {worst.quality:g}, {worst.bpp:.3f} bpp, "
        f"cosine after the last block {worst.cosine:.3f}"
    )
    draw.text((GAP, top), title, INK, font)
    panels = [("original", _squashed(picture.original)), ("coded", _squashed(picture.coded))]
    panels += [
        (f"{name}: {worst.cells[place].mean():.2f}", _map(1 - worst.cells[place], FARTHEST))
        for place, name in places
    ]
    panels.append(("attention received, last", _map(worst.inflow[-1], float(worst.inflow[-1].max()))))
    for column, (name, panel) in enumerate(panels):
        left = GAP + column * (CELL + GAP)
        draw.text((left, top + LINE), name, FAINT, font)
        sheet.paste(panel, (left, top + 2 * LINE))


def _squashed(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels).resize((CELL, CELL), Image.Resampling.LANCZOS)


def _map(values: NDArray[np.float32], most: float) -> Image.Image:
    shares = np.clip(values / most if most > 0 else values, 0, 1)
    return Image.fromarray(ramp_colours(shares)).resize((CELL, CELL), Image.Resampling.NEAREST)
