"""Low level: what large strokes, plain colours and coarse stripes give away."""

from cotam.levelvqa.questions.family import Asked, Family
from cotam.levelvqa.scene_graph import LARGE, SceneGraph
from cotam.levelvqa.stream import Stream


def _large_word(graph: SceneGraph, stream: Stream) -> Asked | None:
    words = [word.text.lower() for word in graph.words if word.size == LARGE]
    texts = "What does the large word say?", "Which word is written in large letters?", "Read the large word."
    return Asked(stream.choice(texts), words[0]) if words else None


def _main_colour(graph: SceneGraph, stream: Stream) -> Asked:
    texts = "What is the main colour of the background?", "Which colour is the background?"
    return Asked(stream.choice(texts), graph.background.colour)


def _stripes(graph: SceneGraph, stream: Stream) -> Asked | None:
    texts = "Which way do the stripes run?", "What is the direction of the stripes?"
    return Asked(stream.choice(texts), graph.panel.orientation) if graph.panel else None


def _digit(graph: SceneGraph, stream: Stream) -> Asked | None:
    texts = "Which digit is shown?", "Read the digit."
    return Asked(stream.choice(texts), graph.digit.text) if graph.digit else None


FAMILIES = (
    Family("large_word", "low", _large_word),
    Family("main_colour", "low", _main_colour),
    Family("stripes", "low", _stripes),
    Family("digit", "low", _digit),
)
