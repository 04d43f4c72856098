"""Scenes made into tensors, on the fly and by loader processes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from cotam.levelvqa.questions import Question, questions_of
from cotam.levelvqa.scene import Scene, scene
from cotam.levelvqa.scene_graph import SceneGraph
from cotam.levelvqa.splits import SPLITS
from cotam.levelvqa.stream import Stream
from cotam.training.levelvqa.captions import caption
from cotam.training.levelvqa.clip_examples import ClipBatch, ClipMaker
from cotam.training.levelvqa.config import LevelVQATrainingConfig
from cotam.training.levelvqa.dialogue import Packed, Template, pack
from cotam.training.levelvqa.facts import facts, pack_facts
from cotam.training.levelvqa.labels import patch_labels, whole_labels

DIALOGUE_TOKENS = 128
"""Tokens kept for a picture's questions and answers, in each draw."""

CAPTION_TOKENS = 48
"""Tokens kept of a caption, its start and end included."""


class Batch(NamedTuple):
    """One step's scenes.

    Args:
        pixels: uint8 (N, S, S, 3).
        patches: int64 (N, labels, P), see `labels.patch_labels`.
        whole: int64 (N, labels), see `labels.whole_labels`.
        captions: int64 (N, L), padded.
        captions_shown: int64 (N, L), 1 where a caption's token is.
        tokens: int64 (N, T), this and the rest see `dialogue.Packed`.
        targets: int64 (N, T).
        segments: int64 (N, T).
        positions: int64 (N, T).
    """

    pixels: Tensor
    patches: Tensor
    whole: Tensor
    captions: Tensor
    captions_shown: Tensor
    tokens: Tensor
    targets: Tensor
    segments: Tensor
    positions: Tensor

    def to(self, device: torch.device) -> "Batch":
        """The batch on another device."""
        return Batch(*(part.to(device, non_blocking=True) for part in self))


@dataclass(frozen=True)
class Maker:
    """Makes batches of scenes.

    Args:
        tokenizer: of the language model.
        captions: tokenizer of the CLIP's text side.
        template: its chat template, taken apart.
        size: side of the pictures.
        patch: side of the tower's patches.
        seed: of the order of questions and of captions.
        draws: how often the questions of a scene are drawn.
        facts: whether facts follow them.
    """

    tokenizer: Any
    captions: Any
    template: Template
    size: int
    patch: int
    seed: int = 0
    draws: int = 1
    facts: bool = False

    def batch(self, seeds: Sequence[int]) -> Batch:
        """The scenes of these seeds."""
        scenes = [scene(seed, size=self.size) for seed in seeds]
        texts = [caption(one.graph, Stream(one.graph.seed, "caption", str(self.seed))) for one in scenes]
        options = {"padding": "max_length", "truncation": True, "max_length": CAPTION_TOKENS}
        tokens = self.captions(texts, return_tensors="pt", **options)
        packed = [self._dialogue(one) for one in scenes]
        return Batch(
            torch.from_numpy(np.stack([np.asarray(one.image) for one in scenes])),
            torch.from_numpy(np.stack([patch_labels(one.graph, self.patch) for one in scenes])),
            torch.from_numpy(np.stack([whole_labels(one.graph) for one in scenes])),
            tokens.input_ids,
            tokens.attention_mask,
            torch.stack([row.tokens for row in packed]),
            torch.stack([row.targets for row in packed]),
            torch.stack([row.segments for row in packed]),
            torch.stack([row.positions for row in packed]),
        )

    def questions(self, graph: SceneGraph) -> list[Question]:
        """The questions on a scene in the order in which they are packed; no two of the same text."""
        others = Stream(graph.seed, "draws")
        graphs = [graph, *(replace(graph, seed=others.below(2**48)) for _ in range(self.draws - 1))]
        drawn = {question.text: question for one in reversed(graphs) for question in questions_of(one)}
        return Stream(graph.seed, "dialogue", str(self.seed)).shuffled(list(drawn.values()))

    def _dialogue(self, one: Scene) -> Packed:
        pairs = [(question.text, question.answer) for question in self.questions(one.graph)]
        asked = pack(self.tokenizer, self.template, pairs, DIALOGUE_TOKENS * self.draws)
        if not self.facts:
            return asked
        told = facts(one.graph, Stream(one.graph.seed, "facts", str(self.seed)))
        following = pack_facts(self.tokenizer, self.template, told, len(pairs) + 1)
        return Packed(*(torch.cat(parts) for parts in zip(asked, following, strict=True)))


class Step(NamedTuple):
    """What one step learns from."""

    scenes: Batch
    clips: ClipBatch | None

    def to(self, device: torch.device) -> "Step":
        """The same on another device."""
        return Step(self.scenes.to(device), None if self.clips is None else self.clips.to(device))


class SceneBatches(Dataset[Step]):
    """Whole batches of the training split by index, each seed once, as a scene or as a clip.

    Args:
        maker: of scenes.
        clip_maker: of clips.
        config: says how many of each, and which seed is the first.
    """

    def __init__(self, maker: Maker, clip_maker: ClipMaker, config: LevelVQATrainingConfig) -> None:
        self.maker, self.clip_maker, self.config = maker, clip_maker, config

    def __getitem__(self, index: int) -> Step:
        """Batch ``index``."""
        torch.set_num_threads(1)
        start = SPLITS["train"].start + self.config.first_scene + index * self.config.batch
        rest = start + self.config.scenes_of_batch
        clips = range(rest, rest + self.config.clips_of_batch)
        return Step(self.maker.batch(range(start, rest)), self.clip_maker.batch(clips) if clips else None)


def load_batches(data: SceneBatches, indexes: range, workers: int) -> Iterator[Step]:
    """Batches of these indexes, in order, made by ``workers`` processes."""
    yield from DataLoader(
        data,
        batch_size=None,
        sampler=indexes,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
    )
