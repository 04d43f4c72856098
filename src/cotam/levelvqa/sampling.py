"""From a seed to a scene graph."""

from collections.abc import Iterable
from dataclasses import replace
from operator import index
from typing import Literal, TypeVar, cast

from cotam.levelvqa.content import Content, draw_content
from cotam.levelvqa.layout import Layout
from cotam.levelvqa.scene_graph import LARGE, SMALL, Box, Panel, SceneGraph, SceneObject, Sign
from cotam.levelvqa.stream import Stream

BASE_SIZE = 224
"""Side of the picture, in pixels, that all lengths of a scene are given for."""
MOST_SIZE = 1024
LEAST_TILES_SIZE = 2 * BASE_SIZE
SMALLEST_OBJECT = 22
SHRINKING = (100, 85, 70, 0)
"""Percent of its size that an object gets, in turn, until there is room; never below `SMALLEST_OBJECT`."""

Variant = Literal["standard", "tiles"]
Thing = TypeVar("Thing", SceneObject, Sign, Panel)


def sample_graph(seed: int, size: int = BASE_SIZE, variant: str = "standard") -> SceneGraph:
    """Draw the scene of a seed.

    A standard scene is the same at every size but for rounding; a "tiles" scene keeps the sizes of objects and
    signs, has more of them, and is another one at every size.

    Args:
        seed: 0 to 2**64 - 1.
        size: side of the picture in pixels, 224 to 1024; of tiles at least 448.
        variant: "standard" or "tiles".

    Raises:
        ValueError: an argument is out of range.
        TypeError: a number is not whole.
    """
    size = index(size)
    check_format(size, variant)
    if variant == "tiles":
        stream, side = Stream(seed, "graph", variant, str(size)), size
    else:
        stream, side = Stream(seed, "graph"), BASE_SIZE
    content = draw_content(stream, variant)
    signs, objects = _arrange(content, side, stream)
    scaled_signs = [_scaled(sign, size, side) for sign in signs]
    if size != side:
        objects = [replace(thing, box=_scaled_box(thing.box, size, side)) for thing in objects]
    found = {_role(sign): sign for sign in scaled_signs}
    return SceneGraph(
        seed=index(seed),
        size=size,
        variant=cast(Variant, variant),
        background=content.background,
        light=content.light,
        objects=tuple(objects),
        words=tuple(cast(Sign, found[role]) for role in (LARGE, SMALL) if role in found),
        digit=cast(Sign | None, found.get("digit")),
        letter=cast(Sign | None, found.get("letter")),
        panel=cast(Panel | None, found.get("panel")),
    )


def check_format(size: int, variant: str) -> None:
    """Refuse a size or variant that no scene has.

    Raises:
        ValueError: with what would be right.
    """
    if variant not in ("standard", "tiles"):
        raise ValueError(f"variant must be standard or tiles, not {variant!r}")
    least = LEAST_TILES_SIZE if variant == "tiles" else BASE_SIZE
    if not least <= size <= MOST_SIZE:
        raise ValueError(f"size of a {variant} scene must be from {least} to {MOST_SIZE} pixels, not {size}")


def _arrange(content: Content, side: int, stream: Stream) -> tuple[list[Sign | Panel], list[SceneObject]]:
    """Find a place for everything: shrink what does not fit, then leave out signs, but never of the group.

    With no sign left there is room: nine boxes of 22 pixels rule out less than half of the positions.
    """
    for left_out in range(len(content.signs) + 1):
        for percent in SHRINKING:
            layout = Layout(side, stream)
            signs = _placed_signs(layout, content.signs[left_out:])
            group = _placed_group(layout, content.group, percent)
            if group is not None:
                return signs, stream.shuffled(group + _placed_others(layout, content.others))
    raise AssertionError("a group of nine small objects has room in an empty scene")


def _placed_signs(layout: Layout, signs: Iterable[Sign | Panel]) -> list[Sign | Panel]:
    boxes = [(sign, layout.place(sign.box.width, sign.box.height, alone=True)) for sign in signs]
    return [replace(sign, box=box) for sign, box in boxes if box]


def _placed_group(layout: Layout, group: list[SceneObject], percent: int) -> list[SceneObject] | None:
    placed = []
    for thing in group:
        box = _place_object(layout, thing, percent, scan=percent == SHRINKING[-1])
        if box is None:
            return None
        placed.append(replace(thing, box=box))
    return placed


def _placed_others(layout: Layout, others: list[SceneObject]) -> list[SceneObject]:
    placed = []
    for thing in others:
        boxes = (_place_object(layout, thing, percent, scan=False) for percent in SHRINKING)
        box = next((box for box in boxes if box), None)
        if box:
            placed.append(replace(thing, box=box))
    return placed


def _place_object(layout: Layout, thing: SceneObject, percent: int, *, scan: bool) -> Box | None:
    side = max(SMALLEST_OBJECT, thing.box.width * percent // 100)
    return layout.place(side, side, alone=False, scan=scan)


def _scaled(sign: Sign | Panel, size: int, side: int) -> Sign | Panel:
    if size == side:
        return sign
    box = _scaled_box(sign.box, size, side)
    if isinstance(sign, Panel):
        return replace(sign, box=box, period=sign.period * size // side)
    return replace(sign, box=box)


def _scaled_box(box: Box, size: int, side: int) -> Box:
    return Box(*(edge * size // side for edge in (box.x0, box.y0, box.x1, box.y1)))


def _role(sign: Sign | Panel) -> str:
    if isinstance(sign, Panel):
        return "panel"
    if len(sign.text) > 1:
        return sign.size
    return "digit" if sign.text.isdecimal() else "letter"
