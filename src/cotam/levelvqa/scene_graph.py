"""What is in a scene: the graph that pictures, questions and answers are all derived from."""

from dataclasses import dataclass, field
from typing import Literal

LARGE, SMALL = "large", "small"


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels of the picture: columns x0 to x1 and rows y0 to y1, ends excluded."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        """Columns."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """Rows."""
        return self.y1 - self.y0

    @property
    def centre(self) -> tuple[float, float]:
        """Middle (x, y) in pixels."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def overlap(self, other: "Box") -> int:
        """Pixels that both share."""
        columns = min(self.x1, other.x1) - max(self.x0, other.x0)
        rows = min(self.y1, other.y1) - max(self.y0, other.y0)
        return max(0, columns) * max(0, rows)


@dataclass(frozen=True)
class SceneObject:
    """A shape or icon.

    Args:
        kind: of `vocabulary.KINDS`.
        colour: of `vocabulary.COLOURS`.
        box: what it covers (drawn inside, rotated about the middle).
        rotation: degrees anticlockwise, small enough that an arrow stays an arrow.
        texture: of `vocabulary.TEXTURES`.
    """

    kind: str
    colour: str
    box: Box
    rotation: int = 0
    texture: str = "plain"


@dataclass(frozen=True)
class Sign:
    """Characters on a plate: a word, a digit or a letter.

    Args:
        text: of `vocabulary.WORDS`, `DIGITS` or `LETTERS`.
        size: "large" or "small" for words; single characters are large.
        colour: of the characters; the plate behind them is a contrasting one.
        plate: of `vocabulary.COLOURS`.
        box: what the plate covers; the text fills it but for a margin.
    """

    text: str
    size: str
    colour: str
    plate: str
    box: Box


@dataclass(frozen=True)
class Panel:
    """A rectangle of stripes.

    Args:
        orientation: of `vocabulary.ORIENTATIONS`.
        colours: of the two kinds of stripes.
        period: pixels from one stripe to the next of its colour.
        box: what it covers.
    """

    orientation: str
    colours: tuple[str, str]
    period: int
    box: Box


@dataclass(frozen=True)
class Background:
    """What lies behind everything.

    Args:
        texture: of `vocabulary.BACKGROUNDS`.
        colour: main colour, of `vocabulary.COLOURS`.
        grain: seed of its irregularities.
    """

    texture: str
    colour: str
    grain: int


@dataclass(frozen=True)
class Light:
    """Light and camera.

    Args:
        brightness: gain of the whole picture in percent, 82 to 115.
        direction: degrees; the light falls off across the picture that way.
        falloff: percent lost from the bright to the dark side, 0 to 25.
        noise: standard deviation of the sensor's noise, in 8-bit steps.
    """

    brightness: int
    direction: int
    falloff: int
    noise: int


@dataclass(frozen=True)
class SceneGraph:
    """A scene, whole: two equal graphs give equal pictures, questions and answers.

    Args:
        seed: 0 to 2**64 - 1.
        size: side of the square picture in pixels.
        variant: "standard", or "tiles" where objects keep the size that they have in 224 pixels.
        background: what lies behind everything.
        objects: shapes and icons, painted in this order.
        words: zero to two signs, at most one of each size.
        digit: a large digit on a plate, or None.
        letter: a large letter on a plate, or None; a distractor that no question asks for.
        panel: a striped panel, or None.
        light: light and camera.
    """

    seed: int
    size: int
    variant: Literal["standard", "tiles"]
    background: Background
    light: Light
    objects: tuple[SceneObject, ...] = field(default=())
    words: tuple[Sign, ...] = field(default=())
    digit: Sign | None = None
    letter: Sign | None = None
    panel: Panel | None = None
