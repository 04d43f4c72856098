"""Frames coded one by one, frames predicted from each other, H.264 and AV1: bytes at equal PSNR, on made clips.

    python benchmarks/video.py --photographs photos/val --json benchmarks/results/video.json

needs PyAV (the extra ``video``) for H.264 and AV1; without it they are left out. All sizes are of the coded frames
alone, without any container. PSNR is of RGB over all frames of a clip.
"""

import argparse
import json
import platform
import shlex
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from video_clips import Clip, clips

import cotam
from cotam.bitstream import StreamHeader
from cotam.checkpoint.temporal import LoadedTemporal, load_temporal
from cotam.codec import Codec, load_codec
from cotam.codec.temporal import FrameDecoder, FrameEncoder, TemporalCodec
from cotam.metrics.bd_rate import bd_rate
from cotam.models.temporal import TemporalNetworks
from cotam.training.float_form import float_form

QUALITIES = (15, 35, 55, 75)
CRFS = {"h264": (40, 34, 28, 22), "av1": (58, 48, 38, 26)}
ENCODERS = {
    "h264": ("libx264", {"preset": "medium"}),
    "av1": ("libsvtav1", {"preset": "6"}),
}
FPS = (1.0, 5.0, 25.0)
FRAMES = 9

Point = tuple[int, float]
"""Bytes and PSNR in dB of a clip."""


def main() -> None:
    """Measure and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--temporal", help="file of the networks; by default those that ship")
    parser.add_argument("--frames", type=int, default=FRAMES)
    options = parser.parse_args()
    codec = load_codec()
    coders = {"frame by frame": lambda clip: cotam_points(trained, clip, key_interval=1)}
    trained = TemporalCodec(codec, load_temporal(options.temporal or codec.name))
    untrained = TemporalCodec(codec, without_training(codec, trained))
    coders["untrained"] = lambda clip: cotam_points(untrained, clip, key_interval=options.frames)
    coders["temporal"] = lambda clip: cotam_points(trained, clip, key_interval=options.frames)
    for name in available():
        coders[name] = lambda clip, name=name: rival_points(name, clip)
    rows = measure(coders, options.photographs, options.frames)
    result = {
        "command": "python " + shlex.join(sys.argv),
        "frames": options.frames,
        "temporal_id": trained.card.temporal_id,
        "summary": summary(rows, list(coders)),
        "clips": rows,
        "machine": {"processor": platform.processor() or platform.machine(), "cotam": cotam.__version__},
    }
    options.json.write_text(json.dumps(result, indent=1) + "\n")


def measure(
    coders: dict[str, Callable[[Clip], list[Point]]], photographs: Path, frames: int
) -> list[dict[str, Any]]:
    """Points of every coder on every clip."""
    rows = []
    for fps in FPS:
        for clip in clips(photographs, fps, frames):
            points = {name: coder(clip) for name, coder in coders.items()}
            rows.append({"fps": fps, "kind": clip.kind, "number": clip.number, "points": points})
            print(fps, clip.kind, clip.number, {n: relative(points, n) for n in points}, flush=True)
    return rows


def without_training(codec: Codec, trained: TemporalCodec) -> LoadedTemporal:
    """Networks as they are before training: differences coded as the base model codes pictures."""
    networks = TemporalNetworks.beginning_with(float_form(codec.network)).to_integers()
    return LoadedTemporal(trained.card, networks)


@torch.inference_mode()
def cotam_points(temporal: TemporalCodec, clip: Clip, *, key_interval: int) -> list[Point]:
    """A clip at all qualities."""
    analyses = [temporal.codec.analyse(frame) for frame in clip.frames]
    height, width = clip.frames[0].shape[:2]
    header = StreamHeader(width, height, temporal.codec.model_id, sequence=True, version=2)
    points = []
    for quality in QUALITIES:
        encoder, decoder = FrameEncoder(temporal, key_interval), FrameDecoder(temporal, header)
        records = [encoder.encode(analysis, quality) for analysis in analyses]
        pictures = [np.asarray(temporal.codec.synthesise(decoder.decode(record))) for record in records]
        points.append((sum(len(record.payload) for record in records), psnr(clip.frames, pictures)))
    return points


def available() -> list[str]:
    """Rivals whose encoders are here."""
    try:
        import av
    except ImportError:
        return []
    return [name for name, (encoder, _) in ENCODERS.items() if encoder in av.codecs_available]


def rival_points(name: str, clip: Clip) -> list[Point]:
    """A clip at all of a rival's settings, one key frame, frames in any order it likes."""
    return [rival_point(name, clip, crf) for crf in CRFS[name]]


def rival_point(name: str, clip: Clip, crf: int) -> Point:
    """Encode with PyAV, without a container, and decode again."""
    import av

    encoder, settings = ENCODERS[name]
    context = av.CodecContext.create(encoder, "w")
    context.height, context.width = clip.frames[0].shape[:2]
    context.pix_fmt, context.framerate, context.time_base = "yuv420p", 25, Fraction(1, 25)
    context.options = {**settings, "crf": str(crf), "g": str(len(clip.frames))}
    packets = []
    for number, pixels in enumerate(clip.frames):
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        frame.pts = number
        packets += context.encode(frame)
    packets += context.encode(None)
    decoder = av.CodecContext.create("h264" if name == "h264" else "libdav1d", "r")
    decoded = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    pictures = [frame.to_ndarray(format="rgb24") for frame in decoded]
    return sum(packet.size for packet in packets), psnr(clip.frames, pictures)


def psnr(originals: Sequence[np.ndarray], pictures: Sequence[np.ndarray]) -> float:
    """PSNR in dB over all frames together."""
    if len(originals) != len(pictures):
        raise ValueError(f"{len(pictures)} frames came back, not {len(originals)}")
    error = np.mean([np.square(a.astype(float) - b) for a, b in zip(originals, pictures, strict=True)])
    return float(-10 * np.log10(error / 255**2))


def relative(points: dict[str, list[Point]], name: str) -> float | None:
    """Bytes at equal PSNR against frame by frame, in per cent; None where the curves do not meet."""
    (rate_a, quality_a), (rate_b, quality_b) = (
        zip(*points[n], strict=True) for n in ("frame by frame", name)
    )
    try:
        return round(bd_rate(rate_a, quality_a, rate_b, quality_b).percent, 1)
    except ValueError:
        return None


def summary(rows: list[dict[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Mean BD-rate by frames a second and kind of clip."""
    table = []
    for fps in FPS:
        for kind in ("scene", "pan", "zoom", "jitter"):
            chosen = [row["points"] for row in rows if (row["fps"], row["kind"]) == (fps, kind)]
            percents = {name: [relative(points, name) for points in chosen] for name in names[1:]}
            means = {
                name: round(float(np.mean([v for v in values if v is not None])), 1)
                for name, values in percents.items()
                if any(v is not None for v in values)
            }
            table.append({"fps": fps, "kind": kind, "bd_rate_percent": means})
    return table


if __name__ == "__main__":
    main()
