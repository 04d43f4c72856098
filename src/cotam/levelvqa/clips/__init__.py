"""LevelVQA in time: scenes in which things move, appear and vanish, with questions about what happens."""

from cotam.levelvqa.clips.clip import PICTURES, Clip, clip, score_clips, shown_frames
from cotam.levelvqa.clips.clip_graph import ClipGraph, Track
from cotam.levelvqa.clips.motion import sample_clip
from cotam.levelvqa.clips.questions import CLIP_FAMILIES, ClipFamily, questions_of_clip

__all__ = [
    "CLIP_FAMILIES",
    "PICTURES",
    "Clip",
    "ClipFamily",
    "ClipGraph",
    "Track",
    "clip",
    "questions_of_clip",
    "sample_clip",
    "score_clips",
    "shown_frames",
]
