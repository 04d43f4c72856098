"""A seed's clip with its questions, and what answers to them are worth."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from cotam.levelvqa.clips.clip_graph import ClipGraph
from cotam.levelvqa.clips.motion import FRAMES, sample_clip
from cotam.levelvqa.clips.questions import CLIP_FAMILIES, clip_of, questions_of_clip
from cotam.levelvqa.drawing import render
from cotam.levelvqa.questions import Question
from cotam.levelvqa.sampling import BASE_SIZE
from cotam.levelvqa.scoring import Report, score
from cotam.video import Frame
from cotam.video.frame import MILLISECONDS

PICTURES: Final = 4
"""Frames of a clip that questions about it are asked with, unless one wants others."""


def shown_frames(frames: int, pictures: int = PICTURES) -> list[int]:
    """Numbers of the frames that stand for a clip, evenly from the first to the last, as `num_frames` takes them."""
    return [int(frame) for frame in np.linspace(0, frames - 1, pictures).round()]


@dataclass(frozen=True)
class Clip:
    """A clip and what is asked about it.

    Args:
        graph: what frames, questions and answers are derived from.
        questions: at most one of each family.
    """

    graph: ClipGraph
    questions: tuple[Question, ...]

    def image(self, frame: int) -> Image.Image:
        """Draw a frame, RGB; the same on every machine."""
        graph = self.graph
        return render(graph.at(frame), numbers=graph.numbers(frame), moment=frame)

    def frames(self, fps: float = 5.0) -> Iterator[Frame]:
        """Draw one frame after the other, ``fps`` of them a second, as `cotam.video.encode` takes them."""
        for frame in range(self.graph.frames):
            yield Frame(self.image(frame), round(frame * MILLISECONDS / fps))


def clip(seed: int, frames: int = FRAMES, size: int = BASE_SIZE) -> Clip:
    """Make the clip of a seed; arguments and errors as of `sample_clip`."""
    graph = sample_clip(seed, frames, size)
    return Clip(graph, questions_of_clip(graph))


def score_clips(answers: Mapping[str, str], questions: Sequence[Question], *, seed: int = 0) -> Report:
    """Compare answers about clips with the truth; arguments and errors as of `cotam.levelvqa.scoring.score`."""
    levels = {name: family.level for name, family in CLIP_FAMILIES.items()}
    return score(answers, questions, seed=seed, levels=levels, scene_of=clip_of)
