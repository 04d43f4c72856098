"""The ten background textures as fields of heights, to be coloured: 0 is dark, 128 middle, 255 light."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from cotam.levelvqa.drawing.circle import SINES, TURN
from cotam.levelvqa.drawing.grid import FINE, Grid, Heights


def bricks(grid: Grid) -> Heights:
    """Rectangles in running bond, each of its own shade, between lighter lines of mortar."""
    x, y = grid.axes()
    height = FINE * grid.stream.between(14, 20)
    width, mortar = 9 * height // 4, 2 * FINE
    row = y // height
    shifted = x + (row & 1) * (width // 2)
    own = _cell_values(grid, shifted // width, row)
    joint = (y % height < mortar) | (shifted % width < mortar)
    rough = (grid.speckle() - 128) // 5
    return np.where(joint, 235, 70 + own * 5 // 16) + rough


def grass(grid: Grid) -> Heights:
    """Short upright blades, light at their tips, in tufts that lean a little."""
    x, y = grid.axes()
    lean = grid.noise(24, 20) * (FINE * 14) // 256
    column = (x + lean) // (2 * FINE)
    stagger = _line_values(grid, column) * FINE // 8
    length = 13 * FINE
    own = _cell_values(grid, column, (y + stagger) // length)
    tip = 255 - (y + stagger) % length * 255 // length
    return (own * 9 + tip * 6) // 15


def water(grid: Grid) -> Heights:
    """Horizontal ripples with light crests, bent and broken by the wind."""
    _, y = grid.axes()
    bend = grid.noise(34, 16) * 3 + grid.noise(14, 9)
    period = FINE * grid.stream.between(9, 13)
    wave = SINES[(y * TURN // period + bend * TURN // 300) % TURN] + 1024
    return 30 + wave * wave * 215 // (2048 * 2048) + grid.noise(40, 12) * 40 // 256 - 10


def wood(grid: Grid) -> Heights:
    """Upright boards with long grain lines, each board with its own."""
    x, _ = grid.axes()
    width = FINE * grid.stream.between(44, 60)
    board = x // width
    own = _line_values(grid, board)
    rings = x % width * 7 // FINE + grid.noise(12, 110) * 3 // 2 + own * 3
    line = np.abs(rings % 64 - 32) * 4
    fibre = grid.noise(1, 40) - 128
    seam = x % width < 3 * FINE // 2
    return np.where(seam, 0, 60 + line * 3 // 4 + own // 8 + fibre // 3)


def marble(grid: Grid) -> Heights:
    """Smooth stone with thin dark veins that branch and wander."""
    fold = grid.noise(64, 64) * 4 + grid.noise(26, 26) * 2 + grid.noise(9, 9) // 2
    vein = np.abs(fold % 440 - 220)
    hair = np.abs((fold + grid.noise(40, 40) * 3) % 400 - 200)
    depth = np.maximum(0, 190 - vein * 5) + np.maximum(0, 100 - hair * 6)
    return 125 + grid.noise(50, 50) * 3 // 8 - depth


def tiles(grid: Grid) -> Heights:
    """A square grid of glossy tiles: dark joints, a light upper left edge and a dark lower right one."""
    x, y = grid.axes()
    side = FINE * grid.stream.between(26, 34)
    across, down = x % side, y % side
    nearest, farthest = np.minimum(across, down), np.maximum(across, down)
    joint, bevel = 2 * FINE, 4 * FINE
    face = 150 - (across + down) * 36 // side + (_cell_values(grid, x // side, y // side) - 128) // 7
    face = np.where(farthest >= side - (bevel - joint), 62, face)
    face = np.where(nearest < bevel, 225, face)
    return np.where(nearest < joint, 8, face)


def dots(grid: Grid) -> Heights:
    """Light round dots in a regular lattice on a smooth ground."""
    x, y = grid.axes()
    pitch = FINE * grid.stream.between(15, 21)
    across, down = x % pitch - pitch // 2, y % pitch - pitch // 2
    radius = pitch * 30 // 100
    rim = (radius * radius - across * across - down * down) // (2 * FINE)
    return 80 + np.clip(rim + 88, 0, 175) + grid.noise(60, 60) // 12


def clouds(grid: Grid) -> Heights:
    """Large soft blobs with nothing fine in them."""
    billow = (grid.noise(64, 48) * 5 + grid.noise(30, 24) * 3 + grid.noise(14, 12)) // 9
    return (billow - 128) * 2 + 128


def sand(grid: Grid) -> Heights:
    """Fine speckle, every grain on its own."""
    grain = (grid.speckle() * 3 + grid.noise(2, 2)) // 4
    dark = (grid.noise(2, 2) < 40) * 60
    return 128 + (grain - 128) * 7 // 8 - dark


def fabric(grid: Grid) -> Heights:
    """A plain weave: round threads over and under each other."""
    x, y = grid.axes()
    pitch = FINE * grid.stream.between(6, 8)
    over = (x // pitch + y // pitch) & 1 == 1
    across, down = _bulge(x % pitch, pitch), _bulge(y % pitch, pitch)
    lying = across * 2 // 5 + down * 3 // 5
    standing = across * 3 // 5 + down * 2 // 5
    thread = np.where(over, _line_values(grid, x // pitch), _line_values(grid, y // pitch))
    return np.where(over, standing - 48, lying + 20) + thread // 6 - 20


TEXTURES: Mapping[str, Callable[[Grid], Heights]] = MappingProxyType(
    {each.__name__: each for each in (bricks, grass, water, wood, marble, tiles, dots, clouds, sand, fabric)}
)
"""From the name of a background to its heights (size, size); they may leave 0 to 255."""


def _bulge(position: Heights, width: int) -> Heights:
    """Round profile across a thread: 0 at its edges, 255 in the middle."""
    return position * (width - position) * 4 * 255 // (width * width)


def _line_values(grid: Grid, index: Heights) -> Heights:
    """A random value, 0 to 255, for each index of a row or column of cells."""
    return grid.stream.bytes_array((1024,)).astype(np.int32)[index % 1024]


def _cell_values(grid: Grid, column: Heights, row: Heights) -> Heights:
    """A random value, 0 to 255, for each cell of a lattice."""
    values = grid.stream.bytes_array((256, 256)).astype(np.int32)
    return values[row % 256, column % 256]
