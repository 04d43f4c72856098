"""How well a learner answers on unseen scenes and clips; an answer is right if all its tokens are."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch

from cotam.levelvqa.clips import PICTURES, sample_clip
from cotam.levelvqa.questions import Question
from cotam.levelvqa.sampling import sample_graph
from cotam.levelvqa.splits import split_seeds
from cotam.training.levelvqa.clip_examples import ClipBatch, ClipMaker
from cotam.training.levelvqa.dialogue import IGNORED
from cotam.training.levelvqa.examples import Batch, Maker
from cotam.training.levelvqa.network import Learner

VALIDATION_SCENES, VALIDATION_BATCH = 192, 24
VALIDATION_CLIPS, CLIPS_AT_A_TIME = 96, 6


def validate_scenes(learner: Learner, maker: Maker) -> dict[str, Any]:
    """Share of right answers by family on validation scenes."""
    maker, hits = dataclasses.replace(maker, draws=1, facts=False), dict[str, list[bool]]()
    for seeds in _portions(VALIDATION_SCENES, VALIDATION_BATCH):
        asked = [maker.questions(sample_graph(seed, size=maker.size)) for seed in seeds]
        _judge(learner, maker.batch(seeds), 1, asked, hits)
    return _shares(hits)


def validate_clips(learner: Learner, maker: ClipMaker) -> dict[str, Any]:
    """Share of right answers by family on validation clips."""
    maker, hits = dataclasses.replace(maker, draws=1, facts=False), dict[str, list[bool]]()
    for seeds in _portions(VALIDATION_CLIPS, CLIPS_AT_A_TIME):
        asked = [maker.questions(sample_clip(seed, size=maker.size)) for seed in seeds]
        _judge(learner, maker.batch(seeds), PICTURES, asked, hits)
    return _shares(hits)


def _portions(num: int, size: int) -> list[range]:
    seeds = split_seeds("validation", num)
    return [seeds[first : first + size] for first in range(0, num, size)]


def _judge(
    learner: Learner,
    batch: Batch | ClipBatch,
    pictures: int,
    asked: Sequence[list[Question]],
    hits: dict[str, list[bool]],
) -> None:
    """Add to ``hits``, by family, whether each packed question was answered rightly."""
    batch = batch.to(next(learner.parameters()).device)
    logits = learner.think(learner.show(batch.pixels, pictures), batch).logits
    shown = batch.targets != IGNORED
    wrong = torch.zeros_like(batch.targets, dtype=torch.bool)
    wrong[shown] = logits.argmax(-1) != batch.targets[shown]
    for questions, misses, segments in zip(asked, wrong, batch.segments, strict=True):
        for number, question in enumerate(questions, start=1):
            if bool((segments == number).any()):
                hits.setdefault(question.family, []).append(not bool(misses[segments == number].any()))


def _shares(hits: dict[str, list[bool]]) -> dict[str, Any]:
    families = {name: round(sum(values) / len(values), 4) for name, values in sorted(hits.items())}
    answers = [value for values in hits.values() for value in values]
    return {"accuracy": round(sum(answers) / max(len(answers), 1), 4), "families": families}
