"""The icons: things drawn with a few polygons."""

from collections.abc import Mapping
from types import MappingProxyType

from cotam.levelvqa.drawing.figures import Figure
from cotam.levelvqa.drawing.polygons import ellipse, rectangle

_HOUSE = Figure(
    solid=(
        ((0, -100), (108, -12), (-108, -12)),
        rectangle(-80, -14, 80, 96),
        rectangle(46, -92, 70, -30),
    ),
    details=(
        rectangle(-16, 34, 22, 96),
        rectangle(-62, 8, -32, 40),
        rectangle(38, 8, 66, 40),
        rectangle(-100, -18, 100, -12),
    ),
)

_TREE = Figure(
    solid=(
        ((0, -108), (58, -38), (-58, -38)),
        ((0, -72), (74, 14), (-74, 14)),
        ((0, -30), (90, 66), (-90, 66)),
        rectangle(-17, 60, 17, 106),
    ),
    details=(
        ((-50, -40), (50, -40), (46, -33), (-46, -33)),
        ((-66, 12), (66, 12), (62, 19), (-62, 19)),
    ),
)

_CAR = Figure(
    solid=(
        ((-66, -10), (-42, -58), (34, -58), (70, -10)),
        ((-110, 4), (-98, -8), (-66, -12), (68, -12), (102, -4), (112, 10), (112, 40), (-110, 40)),
        ellipse(-60, 42, 29, 29),
        ellipse(62, 42, 29, 29),
    ),
    details=(
        ((-50, -12), (-32, -46), (-8, -46), (-8, -12)),
        ((2, -12), (2, -46), (28, -46), (52, -12)),
        ellipse(-60, 42, 23, 23),
        ellipse(62, 42, 23, 23),
    ),
)  # fmt: skip

_FISH = Figure(
    solid=(
        ellipse(-22, 0, 84, 52),
        ((38, 0), (108, -56), (92, 0), (108, 56)),
        ((-40, -44), (-2, -80), (32, -66), (22, -34)),
        ((-20, 44), (14, 74), (24, 36)),
    ),
    details=(
        ellipse(-68, -13, 10, 10),
        ((-40, -36), (-30, -20), (-27, 0), (-30, 20), (-40, 36), (-36, 20), (-33, 0), (-36, -20)),
    ),
)

_KEY = Figure(
    solid=(
        ellipse(-62, 0, 46, 46),
        rectangle(-24, -13, 110, 13),
        rectangle(82, 8, 106, 52),
        rectangle(46, 8, 68, 42),
    ),
    holes=(ellipse(-66, 0, 21, 21),),
)

ICON_FIGURES: Mapping[str, Figure] = MappingProxyType(
    {"house": _HOUSE, "tree": _TREE, "car": _CAR, "fish": _FISH, "key": _KEY}
)
"""From `vocabulary.ICONS` to their figures."""
