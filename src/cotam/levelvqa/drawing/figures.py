"""What shapes and icons are made of: polygons about (0, 0), some 100 from the middle to an edge."""

from dataclasses import dataclass

from cotam.levelvqa.drawing.polygons import Points


@dataclass(frozen=True)
class Figure:
    """A drawing in one colour.

    Args:
        solid: what the colour fills.
        holes: what is cut out of it again.
        details: what is painted on it in the colour of its outline.
    """

    solid: tuple[Points, ...]
    holes: tuple[Points, ...] = ()
    details: tuple[Points, ...] = ()
