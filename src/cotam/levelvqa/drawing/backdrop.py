"""The background of a picture: a texture in its main colour, over a photograph where there is one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cotam.levelvqa.drawing.grid import UNITS, Grid
from cotam.levelvqa.drawing.palette import shades, varied
from cotam.levelvqa.drawing.textures import TEXTURES
from cotam.levelvqa.scene_graph import SceneGraph
from cotam.levelvqa.stream import Stream

_BLURRED = 40
"""Side that a photograph is reduced to, which blurs it."""
_PHOTOGRAPH_PERCENT = 40
"""Of a photograph's contrast that is kept, so that texture and colour still tell."""


def backdrop(graph: SceneGraph, photographs: Sequence[Image.Image] | None) -> Image.Image:
    """The background alone, RGB of the graph's size."""
    background = graph.background
    colour = varied(background.colour, Stream(background.grain, "background", "colour"))
    span = graph.size if graph.variant == "standard" else UNITS
    grid = Grid(graph.size, span, Stream(background.grain, "background", background.texture))
    heights = np.clip(TEXTURES[background.texture](grid), 0, 255)
    pixels = shades(colour)[heights]
    if photographs:
        pixels = _over(pixels, _photograph(graph, photographs))
    return Image.fromarray(pixels)


def _photograph(graph: SceneGraph, photographs: Sequence[Image.Image]) -> Image.Image:
    """A blurred square of one of the photographs, of the graph's size."""
    stream = Stream(graph.background.grain, "background", "photograph")
    photograph = photographs[stream.below(len(photographs))].convert("RGB")
    side = max(1, min(photograph.size) * stream.between(50, 100) // 100)
    left, top = (stream.between(0, length - side) for length in photograph.size)
    crop = (left, top, left + side, top + side)
    blurred = photograph.resize((_BLURRED, _BLURRED), Image.Resampling.BOX, box=crop)
    return blurred.resize((graph.size, graph.size), Image.Resampling.BICUBIC)


def _over(pixels: NDArray[np.uint8], photograph: Image.Image) -> NDArray[np.uint8]:
    """The texture with a photograph's departures from its mean, so that the main colour stays the mean."""
    values = np.asarray(photograph).astype(np.int32)
    count = values.shape[0] * values.shape[1]
    mean = values.sum(axis=(0, 1), dtype=np.int64) // count
    departures = values - mean.astype(np.int32)
    paler = (departures + 2 * departures.sum(axis=2, keepdims=True) // 3) // 3
    moved = paler * _PHOTOGRAPH_PERCENT // 100
    return np.clip(pixels + moved, 0, 255).astype(np.uint8)
