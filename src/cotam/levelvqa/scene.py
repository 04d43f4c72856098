"""A seed's picture with its questions."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from cotam.levelvqa.drawing import render
from cotam.levelvqa.questions import Question, questions_of
from cotam.levelvqa.sampling import BASE_SIZE, sample_graph
from cotam.levelvqa.scene_graph import SceneGraph


@dataclass(frozen=True)
class Scene:
    """A picture and what is asked about it.

    Args:
        graph: what picture, questions and answers are derived from.
        image: RGB, ``graph.size`` pixels a side.
        questions: at most one of each family.
    """

    graph: SceneGraph
    image: Image.Image
    questions: tuple[Question, ...]


def scene(
    seed: int,
    size: int = BASE_SIZE,
    variant: str = "standard",
    photographs: Sequence[Image.Image] | None = None,
) -> Scene:
    """Make the scene of a seed: the same on every machine.

    Args:
        seed: 0 to 2**64 - 1.
        size: side of the picture in pixels, 224 to 1024; of tiles at least 448.
        variant: "standard", or "tiles" with small objects in a large scene.
        photographs: whose blurred crops may become backgrounds; the picture then depends on them, the questions
            do not.

    Raises:
        ValueError: an argument is out of range.
    """
    graph = sample_graph(seed, size, variant)
    return Scene(graph, render(graph, photographs), questions_of(graph))
