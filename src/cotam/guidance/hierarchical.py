"""Pictures larger than a tower's input: the map of the whole and the maps of tiles, summed (CoTAM, section 3).

The tower sees the picture squashed to its input, and then, tile by tile, at native resolution. Tiles overlap by an
eighth, run in batches, and their maps are averaged where they overlap. The paper sums global and local maps; since
their units differ (a tile's attention sums to one over a tile), both are standardised first and so weigh the same.

Memory: the picture, one batch of tiles, and the tower's activations and attention for it (`batch_size`), whatever the
picture's size: 3840 x 2160 with three blocks of a ViT-L/14 at 336 pixels, batches of 4, peaks at 1.2 GiB for the whole
process. Time: at most `MAX_TILES` + 1 views; larger pictures get larger tiles, which the tower sees shrunk.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from cotam.guidance.maps import area_average, edges, overlaps, standardised

Hierarchical = bool | Literal["auto"]
Pixels = NDArray[np.uint8]
MapsOf = Callable[[Sequence[Pixels]], NDArray[np.float32]]
"""Makes one importance map (rows, columns) of each picture of a batch; the grid is the same for all."""

OVERLAP: Final = 1 / 8
"""Least share of a tile's side that it has in common with its neighbour."""
MAX_TILES: Final = 128
"""Most tiles of a picture; 3840 x 2160 takes 104 of 336 x 336."""
GROWTH: Final = 1.25
"""Step by which tiles are enlarged until there are few enough."""
AUTOMATIC_FROM: Final = 4
""""auto" looks at tiles where the tower's input would shrink a side of the picture more than so many times."""


@dataclass(frozen=True)
class Tile:
    """A rectangle of the picture, in pixels."""

    top: int
    left: int
    height: int
    width: int

    def cut(self, pixels: Pixels) -> Pixels:
        """Return the tile's pixels, a view."""
        return pixels[self.top : self.top + self.height, self.left : self.left + self.width]


def uses_tiles(height: int, width: int, input_size: tuple[int, int], hierarchical: Hierarchical) -> bool:
    """Whether a picture is looked at in tiles.

    Args:
        height: of the picture, in pixels.
        width: of the picture, in pixels.
        input_size: height and width of the tower's input.
        hierarchical: True wherever the picture is larger than the input, False never, "auto" from four times
            its side on (1344 pixels at 336): below, an 8 x 8 level map gains too little for the time.

    Raises:
        ValueError: for another value of `hierarchical`.
    """
    if hierarchical not in (True, False, "auto"):
        raise ValueError(f"hierarchical must be True, False or 'auto', not {hierarchical!r}")
    factor = AUTOMATIC_FROM if hierarchical == "auto" else 1
    larger = height > factor * input_size[0] or width > factor * input_size[1]
    return bool(hierarchical) and larger


def tiles_of(height: int, width: int, input_size: tuple[int, int]) -> list[Tile]:
    """Cover a picture with tiles of the tower's input size, row by row; at most `MAX_TILES`, else larger ones."""
    scale = 1.0
    while True:
        tile_height, tile_width = (
            min(round(scale * side), length) for side, length in zip(input_size, (height, width), strict=True)
        )
        tops, lefts = _starts(height, tile_height), _starts(width, tile_width)
        if len(tops) * len(lefts) <= MAX_TILES:
            return [Tile(top, left, tile_height, tile_width) for top in tops for left in lefts]
        scale *= GROWTH


def hierarchical_importance(
    pixels: Pixels, input_size: tuple[int, int], maps_of: MapsOf, batch: int
) -> NDArray[np.float32]:
    """Sum the map of the whole picture and the joined maps of its tiles.

    Args:
        pixels: the picture, uint8 (height, width, 3).
        input_size: height and width of a tile.
        maps_of: makes importance maps of pictures.
        batch: most pictures for one call of `maps_of`.

    Returns:
        float32 (rows, columns), with cells as large as a tile's; sum of two standardised maps.
    """
    height, width = pixels.shape[:2]
    tiles = tiles_of(height, width, input_size)
    whole = maps_of([pixels])[0]
    groups = [tiles[start : start + batch] for start in range(0, len(tiles), batch)]
    maps = np.concatenate([maps_of([tile.cut(pixels) for tile in group]) for group in groups])
    local = join_tiles(tiles, maps, height, width)
    return (standardised(area_average(whole, *local.shape)) + standardised(local)).astype(np.float32)


def join_tiles(
    tiles: Sequence[Tile], maps: NDArray[np.float32], height: int, width: int
) -> NDArray[np.float64]:
    """Lay the maps of tiles into one grid over the picture.

    Args:
        tiles: rectangles that cover the picture, all of one size.
        maps: their importance, (tiles, rows, columns).
        height: of the picture, in pixels.
        width: of the picture, in pixels.

    Returns:
        float64 (rows, columns) of the picture, with cells about as large as a tile's. A cell is the mean, by area,
        of everything that tiles say of it.
    """
    tile_rows, tile_columns = maps.shape[1:]
    row_edges = edges(round(height * tile_rows / tiles[0].height), 0, height)
    column_edges = edges(round(width * tile_columns / tiles[0].width), 0, width)
    total = np.zeros((len(row_edges) - 1, len(column_edges) - 1))
    area = np.zeros_like(total)
    for tile, values in zip(tiles, maps, strict=True):
        rows = overlaps(row_edges, edges(tile_rows, tile.top, tile.top + tile.height))
        columns = overlaps(column_edges, edges(tile_columns, tile.left, tile.left + tile.width))
        total += rows @ values @ columns.T
        area += np.outer(rows.sum(1), columns.sum(1))
    return total / area


def _starts(length: int, side: int) -> list[int]:
    """Where tiles begin on an axis: the first at 0, the last flush with the end, the others evenly between."""
    gaps = math.ceil((length - side) / (side * (1 - OVERLAP)))
    return [round(index * (length - side) / max(gaps, 1)) for index in range(gaps + 1)]
