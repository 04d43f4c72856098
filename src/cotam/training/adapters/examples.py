"""Training pictures with what is known of their content; where they come from is nobody's business."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from cotam.levelvqa.drawing import render
from cotam.levelvqa.sampling import sample_graph
from cotam.levelvqa.scene_graph import SceneGraph
from cotam.levelvqa.splits import SPLITS
from cotam.levelvqa.vocabulary import BACKGROUNDS, KINDS, PLURALS

UNKNOWN = -100
"""Class of a picture that has none; losses leave it out."""


class Example(NamedTuple):
    """A picture, uint8 (S, S, 3), the number of its class, and its caption; `UNKNOWN` and empty where not known."""

    pixels: NDArray[np.uint8]
    label: int = UNKNOWN
    caption: str = ""


class PictureSource(Protocol):
    """Training pictures by number, so that a resumed run sees what an unbroken one would."""

    texts: tuple[str, ...]
    """A sentence for each class; empty where pictures have none."""

    def examples(self, index: int, count: int) -> list[Example]:
        """Pictures of batch ``index``; a function of the two numbers alone."""

    def held_out(self, count: int) -> list[NDArray[np.uint8]]:
        """Pictures to validate on."""


class SceneSource:
    """LevelVQA scenes of the training split, each once, drawn on the fly.

    A scene's class is its most frequent kind of object and its background; both have the form of the captions that
    the embedded CLIP has learned.

    Args:
        size: side of the pictures.
        first: offset of the first scene within the split.
    """

    texts = tuple(f"a picture of {PLURALS[kind]} on {ground}" for kind in KINDS for ground in BACKGROUNDS)

    def __init__(self, size: int, first: int = 0) -> None:
        self.size, self.first = size, first

    def examples(self, index: int, count: int) -> list[Example]:
        """See `PictureSource`."""
        start = SPLITS["train"].start + self.first + index * count
        graphs = [sample_graph(seed, self.size) for seed in range(start, start + count)]
        return [Example(np.asarray(render(graph)), class_of(graph)) for graph in graphs]

    def held_out(self, count: int) -> list[NDArray[np.uint8]]:
        """See `PictureSource`: the first scenes of the validation split."""
        start = SPLITS["validation"].start
        return [np.asarray(render(sample_graph(seed, self.size))) for seed in range(start, start + count)]


def class_of(graph: SceneGraph) -> int:
    """Number of a scene's sentence in `SceneSource.texts`; `UNKNOWN` for a scene without objects."""
    kinds = [item.kind for item in graph.objects]
    if not kinds:
        return UNKNOWN
    most = max(KINDS, key=kinds.count)
    return KINDS.index(most) * len(BACKGROUNDS) + BACKGROUNDS.index(graph.background.texture)
