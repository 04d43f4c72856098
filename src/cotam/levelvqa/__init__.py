"""LevelVQA: an embedded world of pictures and graded questions, drawn from a seed."""

from cotam.levelvqa.questions import FAMILIES, LEVELS, Family, Level, Question, questions_of
from cotam.levelvqa.sampling import sample_graph
from cotam.levelvqa.scene import Scene, scene
from cotam.levelvqa.scene_graph import SceneGraph
from cotam.levelvqa.splits import SPLITS, split_seeds

__all__ = [
    "FAMILIES",
    "LEVELS",
    "SPLITS",
    "Family",
    "Level",
    "Question",
    "Scene",
    "SceneGraph",
    "questions_of",
    "sample_graph",
    "scene",
    "split_seeds",
]
