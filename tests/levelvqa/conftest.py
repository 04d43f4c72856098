"""Graphs and questions of many scenes, drawn once for all tests."""

from collections.abc import Callable

import pytest

from cotam.levelvqa.questions import Question, questions_of
from cotam.levelvqa.sampling import sample_graph
from cotam.levelvqa.scene_graph import SceneGraph

MANY = 4000
TILES = {"size": 640, "variant": "tiles"}

Drawn = Callable[..., list[tuple[SceneGraph, tuple[Question, ...]]]]


@pytest.fixture(scope="session")
def drawn() -> Drawn:
    """Graphs with their questions, of the standard format or of tiles."""
    known: dict[tuple[int, bool], list[tuple[SceneGraph, tuple[Question, ...]]]] = {}

    def draw(num=MANY, start=0, tiles=False):
        scenes = known.setdefault((start, tiles), [])
        for seed in range(start + len(scenes), start + num):
            graph = sample_graph(seed, **(TILES if tiles else {}))
            scenes.append((graph, questions_of(graph)))
        return scenes[:num]

    return draw
