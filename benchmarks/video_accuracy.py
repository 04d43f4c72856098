"""What the embedded LLaVA sees in frames coded one by one, and in predicted ones: bytes at equal accuracy.

    python benchmarks/video_accuracy.py --num 60 --json benchmarks/results/video_accuracy.json

LevelVQA clips; late frames of each are shown to the model by themselves, and it is asked what is asked about a still
scene. Bytes are those of the whole file of all frames. What is measured is added to what the JSON holds, clip by clip,
so that a run that was stopped goes on; what other weights have made is measured anew.
"""

import argparse
import io
import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from cotam import load_codec, load_mllm
from cotam.bitstream import SequenceReader
from cotam.codec import Codec
from cotam.evaluation.accuracy.figures import Figures, Point, accuracy_row, bd_rows, difference_rows
from cotam.evaluation.accuracy.plan import LOSSLESS, Rate
from cotam.evaluation.accuracy.report import rounded
from cotam.evaluation.accuracy.tables import OVERALL, Resampled
from cotam.evaluation.mllm_answerers import mllm_identity
from cotam.evaluation.reports import new_report, write_report
from cotam.levelvqa import FAMILIES, LEVELS, Question, questions_of, split_seeds
from cotam.levelvqa.clips import Clip, clip, sample_clip
from cotam.levelvqa.normalising import normalised
from cotam.levelvqa.sampling import BASE_SIZE
from cotam.metrics import bd_rate, psnr
from cotam.mllm import Mllm
from cotam.video import Frame, VideoReader, encode

FRAMES, FPS = 16, 5.0
ASKED = (9, 12, 15)
"""Frames that the model is asked about."""
QUALITIES = (5.0, 15.0, 25.0, 40.0)
INTERVALS = {"frame by frame": 1, "predicted frames": 50}
"""Frames from key frame to key frame; the second is longer than the clips."""
ANCHOR, ORIGINAL = "frame by frame", "as drawn"
SEED_START = 5000
"""First scene of the test split: no clip on which anything was chosen."""

Row = dict[str, Any]
"""A clip: its seed, and at each setting bytes, PSNR, predicted frames, and right answers by family."""


def main() -> None:
    """Measure the clips that the JSON does not hold yet, each of which is written at once, then write the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--num", type=int, default=60)
    parser.add_argument("--json", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    codec, mllm = load_codec(), load_mllm()
    models = {"codec": codec.model_id.hex(), "mllm": mllm_identity(mllm)}
    rows = kept(options.json, models)
    for seed in list(split_seeds("test", options.num, SEED_START))[len(rows) :]:
        rows.append(measured(seed, codec, mllm))
        print(len(rows), rows[-1], flush=True)
        write_report(options.json, {"models": models, "clips": rows})
    write_report(options.json, report(rows, models))


def kept(file: Path, models: Mapping[str, str]) -> list[Row]:
    """Clips of an earlier run with the same weights."""
    found = json.loads(file.read_text()) if file.exists() else {}
    return list(found["clips"]) if found.get("models") == models else []


def report(rows: Sequence[Row], models: Mapping[str, str]) -> dict[str, Any]:
    """All figures of the clips."""
    found = {
        **new_report("video_accuracy"),
        "models": models,
        "command": shlex.join(["python", "benchmarks/video_accuracy.py", *sys.argv[1:]]),
        "frames": FRAMES,
        "fps": FPS,
        "asked_frames": ASKED,
        "split": "test",
        "seed_start": SEED_START,
        "anchor": ANCHOR,
    }
    return rounded(found | summary(rows) | {"clips": list(rows)})


def measured(seed: int, codec: Codec, mllm: Mllm) -> Row:
    """A clip at all settings."""
    one = clip(seed, FRAMES)
    drawn = list(one.frames(FPS))
    shown = {number: drawn[number].image for number in ASKED}
    points: list[dict[str, Any]] = [{"method": ORIGINAL, "quality": None, "right": right(shown, one, mllm)}]
    for method, interval in INTERVALS.items():
        for quality in QUALITIES:
            facts, frames = coded(drawn, codec, quality, interval)
            points.append({"method": method, "quality": quality, **facts, "right": right(frames, one, mllm)})
    return {"seed": seed, "points": points}


def coded(
    drawn: Sequence[Frame], codec: Codec, quality: float, interval: int
) -> tuple[dict[str, Any], dict[int, Image.Image]]:
    """Code a clip: its bytes, PSNR of the asked frames, predicted frames; and the asked frames."""
    file = io.BytesIO()
    size = encode(drawn, file, quality, codec=codec, key_interval=interval).bytes_written
    file.seek(0)
    reader = VideoReader(file, codec)
    frames = {number: reader.frame(number) for number in ASKED}
    pixels = [(np.asarray(drawn[n].image), np.asarray(frame)) for n, frame in frames.items()]
    score = psnr(*(np.concatenate(side) for side in zip(*pixels, strict=True)))
    file.seek(0)
    predicted = sum(record.predicted for record in SequenceReader(file))
    return {"bytes": size, "psnr": score, "predicted": predicted}, frames


def questions_by_frame(one: Clip) -> dict[int, tuple[Question, ...]]:
    """What is asked about each frame by itself."""
    return {number: questions_of(one.graph.at(number)) for number in ASKED}


def right(frames: Mapping[int, Image.Image], one: Clip, mllm: Mllm) -> list[int]:
    """Right answers of each family, of all asked frames together."""
    asked = [(frames[n], question) for n, own in questions_by_frame(one).items() for question in own]
    said = mllm.answer_batch(
        [(frame, question.text) for frame, question in asked], mode="pixels", max_new_tokens=8
    )
    counts = dict.fromkeys(FAMILIES, 0)
    for (_, question), answer in zip(asked, said, strict=True):
        counts[question.family] += normalised(answer) == normalised(question.answer)
    return list(counts.values())


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """Accuracy with intervals over clips, and BD-rates, from the clips."""
    resampled = Resampled.of([_questions(row["seed"]) for row in rows])
    places = [(point["method"], point["quality"]) for point in rows[0]["points"]]
    points = {place: _point(rows, number, resampled) for number, place in enumerate(places)}
    curves = {name: [points[name, quality] for quality in QUALITIES] for name in INTERVALS}
    found = Figures(resampled, curves)
    return {
        "rows": [_row(rows, number, points[place], resampled) for number, place in enumerate(places)],
        "bd_rates": list(bd_rows(found, ANCHOR)),
        "bd_rates_psnr": _bd_psnr(rows),
        "differences": list(difference_rows(found, ANCHOR)),
    }


def _questions(seed: int) -> tuple[Question, ...]:
    asked = questions_by_frame(Clip(sample_clip(seed, FRAMES), ()))
    return tuple(question for own in asked.values() for question in own)


def _point(rows: Sequence[Row], number: int, resampled: Resampled) -> Point:
    """A setting's point: accuracy over bits per pixel and frame."""
    own = [row["points"][number] for row in rows]
    sizes = np.array([8 * point.get("bytes", 0) for point in own]) / (FRAMES * BASE_SIZE**2)
    hits = np.array([point["right"] for point in own], float)
    found = {group: resampled.accuracies(hits, group) for group in resampled.groups}
    quality = own[0]["quality"]
    return Point(
        method=own[0]["method"],
        rate=LOSSLESS if quality is None else Rate("quality", quality),
        bpp=float(sizes.mean()),
        drawn_bpp=resampled.means(sizes),
        accuracy={group: value for group, (value, _) in found.items()},
        drawn_accuracy={group: drawn for group, (_, drawn) in found.items()},
    )


def _row(rows: Sequence[Row], number: int, point: Point, resampled: Resampled) -> dict[str, Any]:
    own = [row["points"][number] for row in rows]
    row = {"method": point.method, "rate": point.rate.label, "bpp": point.bpp}
    if own[0]["quality"] is not None:
        row |= {
            "bytes_per_frame": float(np.mean([one["bytes"] for one in own])) / FRAMES,
            "psnr": float(np.mean([one["psnr"] for one in own])),
            "predicted_share": float(np.mean([one["predicted"] for one in own])) / FRAMES,
        }
    levels = {level: accuracy_row(point, resampled, level) for level in LEVELS if level in resampled.groups}
    return row | {OVERALL: accuracy_row(point, resampled, OVERALL), "levels": levels}


def _bd_psnr(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """BD-rate on the PSNR of the asked frames, mean over clips."""
    found = []
    for row in rows:
        curves = {
            name: [(p["bytes"], p["psnr"]) for p in row["points"] if p["method"] == name]
            for name in INTERVALS
        }
        (a, b), (c, d) = (zip(*curves[name], strict=True) for name in INTERVALS)
        found.append(bd_rate(a, b, c, d).percent)
    method = next(name for name in INTERVALS if name != ANCHOR)
    return [{"method": method, "percent": float(np.mean(found)), "clips": len(found)}]


if __name__ == "__main__":
    main()
