"""Clips made into tensors: a few frames as several pictures before each question, as `Mllm.answer` shows a sequence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from cotam.levelvqa.clips import Clip, ClipGraph, questions_of_clip, sample_clip, shown_frames
from cotam.levelvqa.questions import Question
from cotam.levelvqa.stream import Stream
from cotam.training.levelvqa.changes import Changes, changes_of
from cotam.training.levelvqa.clip_facts import Told, clip_facts, with_place
from cotam.training.levelvqa.dialogue import Packed, Template, pack
from cotam.training.levelvqa.facts import pack_facts
from cotam.training.levelvqa.labels import patch_labels

CLIP_DIALOGUE_TOKENS, CLIP_FACT_TOKENS = 112, 96
"""Tokens kept for a clip's questions and answers, and for its facts."""

CLIP_DRAWS = 2
"""How often a clip's questions are drawn where a scene's are drawn once: its pictures cost more than its texts."""


class ClipBatch(NamedTuple):
    """One step's clips.

    Args:
        pixels: uint8 (N · F, S, S, 3), the pictures of a clip one after the other.
        patches: int64 (N, labels, F · P), see `labels.patch_labels`.
        changes: int64 (N, labels, F · P), see `Changes.labels`.
        looks: bool (N, Q, F · P), where the answer of each segment is to be seen; segment 0 is padding.
        tokens: int64 (N, T), this and the rest see `dialogue.Packed`.
        targets: int64 (N, T).
        segments: int64 (N, T).
        positions: int64 (N, T).
    """

    pixels: Tensor
    patches: Tensor
    changes: Tensor
    looks: Tensor
    tokens: Tensor
    targets: Tensor
    segments: Tensor
    positions: Tensor

    def to(self, device: torch.device) -> "ClipBatch":
        """The batch on another device."""
        return ClipBatch(*(part.to(device, non_blocking=True) for part in self))


@dataclass(frozen=True)
class ClipMaker:
    """Makes batches of clips.

    Args:
        tokenizer: of the language model.
        template: its chat template with `clips.PICTURES` pictures, taken apart.
        size: side of the pictures.
        patch: side of the tower's patches.
        seed: of the order of questions and facts.
        draws: how often the questions of a clip are drawn, in different words.
        facts: whether facts follow them.
    """

    tokenizer: Any
    template: Template
    size: int
    patch: int
    seed: int = 0
    draws: int = 1
    facts: bool = False

    def batch(self, seeds: Sequence[int]) -> ClipBatch:
        """The clips of these seeds."""
        made = [self._example(sample_clip(seed, size=self.size)) for seed in seeds]
        most = max(len(looks) for _, _, _, looks, _ in made)
        looks = np.stack([np.pad(one, ((0, most - len(one)), (0, 0))) for _, _, _, one, _ in made])
        pixels, patches, changes = (np.stack([row[part] for row in made]) for part in range(3))
        return ClipBatch(
            torch.from_numpy(pixels).flatten(0, 1),
            torch.from_numpy(patches),
            torch.from_numpy(changes),
            torch.from_numpy(looks),
            *(torch.stack(parts) for parts in zip(*(packed for *_, packed in made), strict=True)),
        )

    def questions(self, graph: ClipGraph) -> list[Question]:
        """The questions on a clip in the order in which they are packed; no two of the same text."""
        others = Stream(graph.scene.seed, "draws")
        scenes = [graph.scene] + [
            replace(graph.scene, seed=others.below(2**48)) for _ in range(self.draws - 1)
        ]
        drawn = {
            question.text: question
            for scene in reversed(scenes)
            for question in questions_of_clip(replace(graph, scene=scene))
        }
        return Stream(graph.scene.seed, "dialogue", str(self.seed)).shuffled(list(drawn.values()))

    def _example(self, graph: ClipGraph) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, Packed]:
        frames = shown_frames(graph.frames)
        drawn = Clip(graph, ())
        pixels = np.stack([np.asarray(drawn.image(frame)) for frame in frames])
        patches = np.concatenate([patch_labels(graph.at(frame), self.patch) for frame in frames], axis=1)
        changes = changes_of(graph, frames, self.patch)
        asked = [with_place(question, changes) for question in self.questions(graph)]
        told = self._told(graph, frames, changes)
        nowhere = np.zeros((1, changes.things.size), bool)
        looks = np.concatenate([nowhere, *(one.where[None] for one in (*asked, *told))])
        return pixels, patches, changes.labels(), looks, self._pack(asked, told)

    def _told(self, graph: ClipGraph, frames: list[int], changes: Changes) -> list[Told]:
        if not self.facts:
            return []
        return clip_facts(graph, frames, changes, Stream(graph.scene.seed, "facts", str(self.seed)))

    def _pack(self, asked: list[Told], told: list[Told]) -> Packed:
        pairs = [(one.about, one.found) for one in asked]
        questions = pack(self.tokenizer, self.template, pairs, CLIP_DIALOGUE_TOKENS)
        if not self.facts:
            return questions
        facts = [(one.about, one.found) for one in told]
        following = pack_facts(self.tokenizer, self.template, facts, len(pairs) + 1, CLIP_FACT_TOKENS)
        return Packed(*(torch.cat(parts) for parts in zip(questions, following, strict=True)))
