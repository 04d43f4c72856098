"""What a scene shows, drawn at random; each thing's box has its size and no place yet."""

from dataclasses import dataclass

from cotam.levelvqa.contrast import CONTRASTING
from cotam.levelvqa.scene_graph import LARGE, SMALL, Background, Box, Light, Panel, SceneObject, Sign
from cotam.levelvqa.stream import Stream
from cotam.levelvqa.vocabulary import (
    BACKGROUNDS,
    COLOURS,
    DIGITS,
    KINDS,
    LETTERS,
    ORIENTATIONS,
    TEXTURES,
    WORDS,
)

MOST_IN_GROUP = 9
OBJECT_SIDES = (26, 46)
GROUP_SPREAD = 3
"""Pixels by which members of a group differ from their common side."""
MOST_ROTATION = 20
MIXED_COLOURS, LARGE_WORD, SMALL_WORD, DIGIT, LETTER, PANEL = 40, 50, 50, 40, 30, 45
"""Chances in percent."""
LARGE_HEIGHTS, SMALL_HEIGHTS, CHARACTER_HEIGHTS = (30, 44), (13, 16), (30, 42)
"""Heights of plates in pixels."""
LETTER_WIDTH, PLATE_MARGINS = 65, 30
"""Percent of a plate's height: width of a letter on it, and of both margins together."""
WIDEST_PLATE = 184
PANEL_SIDES, STRIPE_PERIODS = (40, 64), (8, 12)
BRIGHTNESS, FALLOFF, NOISE = (82, 115), (0, 25), (0, 6)


@dataclass(frozen=True)
class Crowd:
    """How many objects stand beside the group.

    Args:
        singles: fewest and most kinds with one object each, all of different colours.
        pairs: fewest and most kinds with two objects each (with one, where the group has fewer than three).
    """

    singles: tuple[int, int]
    pairs: tuple[int, int]


CROWDS = {"standard": Crowd((2, 4), (0, 0)), "tiles": Crowd((5, 7), (3, 5))}


@dataclass(frozen=True)
class Content:
    """All that a scene shows; boxes begin at (0, 0).

    Args:
        background: what lies behind everything.
        light: light and camera.
        group: one to nine objects of one kind.
        others: objects of other kinds, each kind rarer than the group's or, like that, with one object.
        signs: words, characters and panel, the large ones first.
    """

    background: Background
    light: Light
    group: list[SceneObject]
    others: list[SceneObject]
    signs: list[Sign | Panel]


def draw_content(stream: Stream, variant: str) -> Content:
    """Draw what a scene of ``variant`` shows; every kind and every colour is as likely as any other."""
    background = Background(stream.choice(BACKGROUNDS), stream.choice(list(COLOURS)), stream.below(2**32))
    light = Light(
        stream.between(*BRIGHTNESS), stream.below(360), stream.between(*FALLOFF), stream.between(*NOISE)
    )
    colours = [colour for colour in COLOURS if colour != background.colour]
    kinds = stream.shuffled(KINDS)
    group = _group(stream, kinds[0], colours)
    others = _others(stream, kinds[1:], colours, CROWDS[variant], pairs=len(group) > 2)
    return Content(background, light, group, others, _signs(stream, background.colour))


def _object(stream: Stream, kind: str, colour: str, side: int) -> SceneObject:
    rotation = stream.between(-MOST_ROTATION, MOST_ROTATION)
    return SceneObject(kind, colour, Box(0, 0, side, side), rotation, stream.choice(TEXTURES))


def _group(stream: Stream, kind: str, colours: list[str]) -> list[SceneObject]:
    count, common = stream.between(1, MOST_IN_GROUP), stream.choice(colours)
    mixed, (least, most) = stream.chance(MIXED_COLOURS), OBJECT_SIDES
    side = stream.between(least, most)
    return [
        _object(
            stream,
            kind,
            stream.choice(colours) if mixed else common,
            stream.between(max(least, side - GROUP_SPREAD), min(most, side + GROUP_SPREAD)),
        )
        for _ in range(count)
    ]


def _others(
    stream: Stream, kinds: list[str], colours: list[str], crowd: Crowd, *, pairs: bool
) -> list[SceneObject]:
    singles, doubles = stream.between(*crowd.singles), stream.between(*crowd.pairs)
    looks = list(zip(kinds, stream.sample(colours, singles), strict=False))
    for kind in kinds[singles : singles + doubles]:
        looks += [(kind, stream.choice(colours)) for _ in range(1 + pairs)]
    return [_object(stream, kind, colour, stream.between(*OBJECT_SIDES)) for kind, colour in looks]


def _signs(stream: Stream, behind: str) -> list[Sign | Panel]:
    large, small = stream.sample(WORDS, 2)
    signs: list[Sign | Panel] = []
    if stream.chance(LARGE_WORD):
        signs.append(_sign(stream, large, LARGE, LARGE_HEIGHTS, behind))
    if stream.chance(PANEL):
        box = Box(0, 0, stream.between(*PANEL_SIDES), stream.between(*PANEL_SIDES))
        stripes = stream.choice(CONTRASTING)
        signs.append(Panel(stream.choice(ORIENTATIONS), stripes, stream.between(*STRIPE_PERIODS), box))
    if stream.chance(DIGIT):
        signs.append(_sign(stream, stream.choice(DIGITS), LARGE, CHARACTER_HEIGHTS, behind))
    if stream.chance(LETTER):
        signs.append(_sign(stream, stream.choice(LETTERS), LARGE, CHARACTER_HEIGHTS, behind))
    if stream.chance(SMALL_WORD):
        signs.append(_sign(stream, small, SMALL, SMALL_HEIGHTS, behind))
    return signs


def _sign(stream: Stream, text: str, size: str, heights: tuple[int, int], behind: str) -> Sign:
    colour, plate = stream.choice([pair for pair in CONTRASTING if pair[1] != behind])
    percent = LETTER_WIDTH * len(text) + PLATE_MARGINS
    height = min(stream.between(*heights), 100 * WIDEST_PLATE // percent)
    return Sign(text, size, colour, plate, Box(0, 0, height * percent // 100, height))
