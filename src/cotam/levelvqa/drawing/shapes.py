"""The plain shapes."""

from collections.abc import Mapping
from types import MappingProxyType

from cotam.levelvqa.drawing.circle import ONE, TURN, cosine, sine
from cotam.levelvqa.drawing.figures import Figure
from cotam.levelvqa.drawing.polygons import Points, ellipse, rectangle

_RADIUS = 100


def _star() -> Points:
    """Five points, the first one up."""
    corners = []
    for corner in range(10):
        radius = 42 if corner % 2 else _RADIUS
        angle = corner * 36 - 90
        corners.append((radius * cosine(angle) // ONE, radius * sine(angle) // ONE))
    return tuple(corners)


def _heart() -> Points:
    """The curve (16 sin^3 t, 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t), scaled."""
    corners = []
    for t in range(0, TURN, 6):
        x = 100 * sine(t) ** 3 // ONE**3
        y = -6 * (13 * cosine(t) - 5 * cosine(2 * t) - 2 * cosine(3 * t) - cosine(4 * t)) // ONE
        corners.append((x, y))
    return tuple(corners)


def _moon() -> Points:
    """A crescent open to the right: an arc of a circle and, back, one of a smaller circle."""
    return ellipse(0, 0, 100, 100, 58, 302) + ellipse(55, 0, 85, 85, 268, 92)


_TRIANGLE = ((0, -95), (105, 88), (-105, 88))
_HEXAGON = ((-50, -87), (50, -87), (100, 0), (50, 87), (-50, 87), (-100, 0))
_DIAMOND = ((0, -100), (68, 0), (0, 100), (-68, 0))
_ARROW = ((-100, -30), (10, -30), (10, -80), (100, 0), (10, 80), (10, 30), (-100, 30))

SHAPE_FIGURES: Mapping[str, Figure] = MappingProxyType(
    {
        "circle": Figure((ellipse(0, 0, 100, 100),)),
        "square": Figure((rectangle(-88, -88, 88, 88),)),
        "triangle": Figure((_TRIANGLE,)),
        "star": Figure((_star(),)),
        "heart": Figure((_heart(),)),
        "cross": Figure((rectangle(-100, -34, 100, 34), rectangle(-34, -100, 34, 100))),
        "diamond": Figure((_DIAMOND,)),
        "hexagon": Figure((_HEXAGON,)),
        "ring": Figure((ellipse(0, 0, 100, 100),), holes=(ellipse(0, 0, 52, 52),)),
        "moon": Figure((_moon(),)),
        "arrow": Figure((_ARROW,)),
    }
)
"""From `vocabulary.SHAPES` to their figures."""
