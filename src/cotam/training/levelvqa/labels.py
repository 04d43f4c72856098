"""What the tower's tokens must tell about a scene: labels of patches and of the whole picture.

Questions alone teach a small tower slowly. The scene graph knows what lies under every patch, so each patch token
also learns to name it; the heads that read these names out are thrown away after training.
"""

from types import MappingProxyType

import numpy as np

from cotam.levelvqa.scene_graph import Box, SceneGraph, Sign
from cotam.levelvqa.vocabulary import BACKGROUNDS, COLOURS, DIGITS, KINDS, LETTERS, ORIENTATIONS, WORDS

UNKNOWN = -100
"""Label that no loss is taken of."""
NOBODY = -1
"""Number where there is no object."""
CELL = 4
"""Side in pixels of the squares that things are painted on before patches vote."""
LEAST_CELLS = 4
"""Squares of a patch's 16 that its thing must cover."""
THINGS = ("nothing", *KINDS, "large", "small", "digit", "letter", "panel")
TEXTS = tuple(text.upper() for text in (*WORDS, *DIGITS, *LETTERS))
ALPHABET = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
MOST = 9
PLACES = 14
"""Parts of the picture's height, and of its width, that rows and columns are counted in."""

PATCH_LABELS = MappingProxyType(
    {
        "thing": len(THINGS),
        "colour": len(COLOURS),
        "count": MOST + 1,
        "text": len(TEXTS),
        "character": len(ALPHABET),
        "stripes": len(ORIENTATIONS),
        "small_word": len(TEXTS),
        "row": PLACES,
        "column": PLACES,
    }
)
"""Names of the patch labels and how many values each has; what is told again weighs more in the loss."""
WHOLE_LABELS = MappingProxyType({"background": len(BACKGROUNDS), "main_colour": len(COLOURS)})
"""Names of the labels of whole pictures and how many values each has."""


def patch_labels(graph: SceneGraph, patch: int) -> np.ndarray:
    """Labels of every patch.

    Args:
        graph: a scene.
        patch: side of the patches in pixels, a multiple of `CELL`.

    Returns:
        int64 (labels, rows · columns) in the order of `PATCH_LABELS`; `UNKNOWN` where a label does not apply.
    """
    things = _things(graph)
    owner = _owners([box for box, _ in things], graph.size, patch)
    table = np.full((len(things) + 1, len(PATCH_LABELS)), UNKNOWN, np.int64)
    table[0, 0] = 0
    for number, (_, values) in enumerate(things, start=1):
        for column, name in enumerate(PATCH_LABELS):
            table[number, column] = values.get(name, UNKNOWN)
    labels = table[owner].T.copy()
    _write_characters(labels[list(PATCH_LABELS).index("character")], owner, things, graph, patch)
    _write_places(labels[-2:], graph.size // patch)
    return labels


def objects_under(graph: SceneGraph, patch: int) -> np.ndarray:
    """Numbers of the objects under the patches, int64 (rows · columns), `NOBODY` where there is none."""
    first = 1 + (graph.panel is not None)
    numbers = _owners([box for box, _ in _things(graph)], graph.size, patch) - first
    return np.where((numbers >= 0) & (numbers < len(graph.objects)), numbers, NOBODY)


def whole_labels(graph: SceneGraph) -> np.ndarray:
    """Labels of the whole picture, int64, in the order of `WHOLE_LABELS`."""
    texture, colour = graph.background.texture, graph.background.colour
    return np.array([BACKGROUNDS.index(texture), list(COLOURS).index(colour)])


def _things(graph: SceneGraph) -> list[tuple[Box, dict[str, int]]]:
    """Boxes in the order of painting, each with its labels."""
    colours = list(COLOURS)
    things: list[tuple[Box, dict[str, int]]] = []
    if graph.panel:
        stripes = ORIENTATIONS.index(graph.panel.orientation)
        things.append((graph.panel.box, {"thing": THINGS.index("panel"), "stripes": stripes}))
    for item in graph.objects:
        count = sum(other.kind == item.kind for other in graph.objects)
        values = {"thing": THINGS.index(item.kind), "colour": colours.index(item.colour)}
        things.append((item.box, values | {"count": min(count, MOST)}))
    for sign in signs(graph):
        role, text = _role(sign), TEXTS.index(sign.text.upper())
        again = {"small_word": text} if role == "small" else {}
        things.append((sign.box, {"thing": THINGS.index(role), "text": text} | again))
    return things


def _role(sign: Sign) -> str:
    if len(sign.text) > 1:
        return sign.size
    return "digit" if sign.text in DIGITS else "letter"


def signs(graph: SceneGraph) -> list[Sign]:
    """Every plate with characters, in the order of painting."""
    return [sign for sign in (graph.letter, graph.digit, *graph.words) if sign is not None]


def _rows(box: Box) -> slice:
    return slice((box.y0 + CELL // 2) // CELL, max((box.y1 + CELL // 2) // CELL, box.y0 // CELL + 1))


def _columns(box: Box) -> slice:
    return slice((box.x0 + CELL // 2) // CELL, max((box.x1 + CELL // 2) // CELL, box.x0 // CELL + 1))


def _owners(boxes: list[Box], size: int, patch: int) -> np.ndarray:
    """Which box each patch shows, counted from 1 in the order of painting; 0 where it shows none."""
    painted = np.zeros((size // CELL, size // CELL), np.int64)
    for number, box in enumerate(boxes, start=1):
        painted[_rows(box), _columns(box)] = number
    return _vote(painted, patch // CELL, len(boxes) + 1)


def _vote(painted: np.ndarray, side: int, values: int) -> np.ndarray:
    """The thing that covers most of each patch, or 0 where none covers `LEAST_CELLS`; int64 (patches,)."""
    rows, columns = (extent // side for extent in painted.shape)
    grid = painted[: rows * side, : columns * side].reshape(rows, side, columns, side)
    blocks = grid.transpose(0, 2, 1, 3).reshape(rows * columns, side * side)
    votes = (blocks[:, :, None] == np.arange(values)).sum(1)
    votes[:, 0] = 0
    best = votes.argmax(1)
    return np.where(votes.max(1) >= LEAST_CELLS, best, 0)


def _write_places(target: np.ndarray, side: int) -> None:
    """Write row and column of every patch of a square grid."""
    places = np.arange(side) * PLACES // side
    target[0], target[1] = np.repeat(places, side), np.tile(places, side)


def _write_characters(
    target: np.ndarray,
    owner: np.ndarray,
    things: list[tuple[Box, dict[str, int]]],
    graph: SceneGraph,
    patch: int,
) -> None:
    """Write the character under the middle of each patch of a sign, taking characters as equally wide."""
    columns = graph.size // patch
    for place in np.flatnonzero(owner):
        box, values = things[owner[place] - 1]
        if "text" in values:
            text = TEXTS[values["text"]]
            share = ((place % columns + 0.5) * patch - box.x0) / box.width
            target[place] = ALPHABET.index(text[min(max(int(share * len(text)), 0), len(text) - 1)])
