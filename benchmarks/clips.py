"""LevelVQA clips: what the embedded LLaVAs answer from a few frames, and what steadied levels change.

python benchmarks/clips.py --num 200 --json benchmarks/results/clips.json
"""

import argparse
import io
import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cotam import load_codec, load_mllm
from cotam.bitstream import SequenceReader
from cotam.codec import Codec, Guide
from cotam.evaluation.methods.cotam import with_embedded_tower
from cotam.evaluation.reports import new_report, write_report
from cotam.levelvqa.baselines import Guesser
from cotam.levelvqa.clips import (
    PICTURES,
    Clip,
    clip,
    questions_of_clip,
    sample_clip,
    score_clips,
    shown_frames,
)
from cotam.levelvqa.splits import split_seeds
from cotam.mllm import Mllm
from cotam.video import GuideOverTime, VideoReader, encode
from cotam.video.encoding import EachFrame, FrameGuide

FRAMES, FPS = 16, 5.0
QUALITY = 40.0
LEARNED_CLIPS = 2000
"""Clips of the train split that the majority answers are learned from."""
GUIDED_CLIPS = 8
ASKED = {"levelvqa": ("png",), "levelvqa-clips": ("png", "pixels", "adapter")}
"""Who is asked, and how the frames are shown."""
GUIDANCE = "levelvqa:layers=0-2"


def coded(clips: Sequence[Clip], codec: Codec) -> list[bytes]:
    """Four frames of each clip as a sequence."""
    return [_sequence(one, codec) for one in clips]


def _sequence(one: Clip, codec: Codec) -> bytes:
    file = io.BytesIO()
    encode([one.image(frame) for frame in shown_frames(FRAMES)], file, QUALITY, codec=codec)
    return file.getvalue()


def answers(clips: Sequence[Clip], streams: Sequence[bytes], mllm: Mllm, mode: str) -> dict[str, Any]:
    """Ask all questions about four frames of each clip; ``png`` shows the frames as they were drawn."""
    said, drawn = {}, mode == "png"
    way: Any = "pixels" if drawn else mode
    for one, stream in zip(clips, streams, strict=True):
        shown: Any = [one.image(frame) for frame in shown_frames(FRAMES)] if drawn else stream
        asked = [(shown, question.text) for question in one.questions]
        given = mllm.answer_batch(asked, mode=way, max_new_tokens=8)
        said |= {question.id: answer for question, answer in zip(one.questions, given, strict=True)}
    questions = [question for one in clips for question in one.questions]
    taken = 0 if drawn else sum(map(len, streams))
    found = {"model": mllm.name, "mode": mode, **asdict(score_clips(said, questions))}
    return found | {"bytes_per_frame": taken / (PICTURES * len(clips))}


def majority(clips: Sequence[Clip]) -> dict[str, Any]:
    """The families' most frequent answers in other clips."""
    learned = Guesser(
        q for seed in split_seeds("train", LEARNED_CLIPS) for q in questions_of_clip(sample_clip(seed))
    )
    questions = [question for one in clips for question in one.questions]
    said = {question.id: learned.majority(question.family) for question in questions}
    return {"mode": "majority", **asdict(score_clips(said, questions)), "bytes_per_frame": 0.0}


def ties(clips: Sequence[Clip]) -> int:
    """Questions of which appears first, where the frames that are shown cannot tell."""
    count = 0
    for one in clips:
        if any(question.family == "order" for question in one.questions):
            shown = shown_frames(FRAMES)
            kinds = Counter(thing.kind for thing in one.graph.scene.objects)
            things = zip(one.graph.scene.objects, one.graph.tracks, strict=True)
            moments = [track.appears for thing, track in things if track.appears and kinds[thing.kind] == 1]
            count += len({bisect_left(shown, moment) for moment in moments}) == 1
    return count


def flicker(levels: Iterable[np.ndarray]) -> float:
    """Share of the cells whose level changes from one frame to the next, in percent."""
    return 100 * float(np.mean([np.mean(a != b) for a, b in pairwise(levels)]))


def guided(clips: Sequence[Clip], codec: Codec, name: str) -> dict[str, Any]:
    """Code all frames with levels frame by frame or steadied; flicker, bytes and PSNR are means over clips."""
    changed, taken, errors, reused = [], [], [], 0
    for one in clips:
        guide = Guide.parse(with_embedded_tower(GUIDANCE))
        over_time = GuideOverTime(guide) if name == "steady" else EachFrame(guide)
        watched = Watched(over_time)
        file = io.BytesIO()
        drawn = list(one.frames(FPS))
        taken.append(encode(drawn, file, QUALITY, codec=codec, guidance=watched).bytes_written / FRAMES)
        changed.append(flicker(watched.levels))
        file.seek(0)
        for frame, back in zip(drawn, VideoReader(file, codec), strict=True):
            difference = np.asarray(frame.image, float) - np.asarray(back.image, float)
            errors.append(10 * np.log10(255**2 / np.mean(difference**2)))
        file.seek(0)
        assert SequenceReader(file).count() == FRAMES
        reused += over_time.reused if isinstance(over_time, GuideOverTime) else 0
    means = {"changed_cells": changed, "bytes_per_frame": taken, "psnr": errors}
    return {
        "guidance": name,
        "clips": len(clips),
        "frames": FRAMES * len(clips),
        "maps_used_again": reused,
        **{key: float(np.mean(values)) for key, values in means.items()},
    }


class Watched:
    """A guide whose levels are kept."""

    def __init__(self, guide: FrameGuide) -> None:
        self._guide, self.levels = guide, list[np.ndarray]()

    def level_map(self, pixels: np.ndarray, timestamp_ms: int) -> Any:
        """See `FrameGuide.level_map`."""
        found = self._guide.level_map(pixels, timestamp_ms)
        assert found is not None
        self.levels.append(found.levels)
        return found


def main() -> None:
    """Measure, print and write the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--num", type=int, default=200)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    codec, models = load_codec(), [load_mllm(name) for name in ASKED]
    clips = [clip(seed, FRAMES) for seed in split_seeds("test", options.num)]
    streams = coded(clips, codec)
    report = {
        **new_report("LevelVQA clips"),
        "command": f"python benchmarks/clips.py --num {options.num} --json benchmarks/results/clips.json",
        "quality": QUALITY,
        "frames": FRAMES,
        "fps": FPS,
        "asked_frames": PICTURES,
        "order_ties": ties(clips),
        "answers": [majority(clips)]
        + [answers(clips, streams, mllm, mode) for mllm in models for mode in ASKED[mllm.name]],
        "guidance": [guided(clips[:GUIDED_CLIPS], codec, name) for name in ("each frame", "steady")],
    }
    print(json.dumps(report, indent=1))
    if options.json:
        write_report(options.json, report)


if __name__ == "__main__":
    main()
