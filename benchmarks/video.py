"""Frames coded one by one, frames predicted from each other, H.264 and AV1: bytes at equal PSNR, on made clips.

    python benchmarks/video.py --photographs photos/val --json benchmarks/results/video.json

H.264 and AV1 need PyAV (the extra ``video``). What is measured is added to what the JSON holds. Sizes are of the frames
alone, without any container. PSNR is of RGB over all frames of a clip.
"""

import argparse
import json
import platform
import shlex
import sys
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from video_clips import Clip, clips

import cotam
from cotam.bitstream import StreamHeader
from cotam.checkpoint.temporal import LoadedTemporal, load_temporal
from cotam.checkpoint.temporal_cards import TemporalCard
from cotam.codec import load_codec
from cotam.codec.frame_decoding import FrameDecoder
from cotam.codec.frame_encoding import FrameEncoder
from cotam.codec.temporal import TemporalCodec
from cotam.metrics.bd_rate import bd_rate
from cotam.models.temporal import TemporalNetworks
from cotam.training.float_form import float_form

QUALITIES = (20, 40, 60)
CRFS = {"h264": (40, 34, 28, 22), "av1": (62, 54, 44, 32)}
ENCODERS = {
    "h264": ("libx264", {"preset": "medium"}),
    "av1": ("libsvtav1", {"preset": "6"}),
}
FPS = (1.0, 5.0, 25.0)
FRAMES = 6
CODERS = ("frame by frame", "untrained", "temporal", "h264", "av1")
INTERVALS = (1, 5, 25)
"""Frames from key frame to key frame; the last is the length of the clips that these are measured on."""
INTERVAL_QUALITY, INTERVAL_FPS = 40, 25.0

Point = tuple[int, float]
"""Bytes and PSNR in dB of a clip."""


def main() -> None:
    """Measure what is asked for, and add it to the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--temporal", help="file of the networks; by default those that ship")
    parser.add_argument("--fps", type=float, nargs="+", default=FPS)
    parser.add_argument("--coders", nargs="+", default=CODERS, choices=CODERS)
    parser.add_argument("--intervals", action="store_true", help="measure key-frame intervals instead")
    options = parser.parse_args()
    result = json.loads(options.json.read_text()) if options.json.exists() else {"commands": [], "clips": []}
    coders = Coders(options.temporal)
    if options.intervals:
        result["intervals"] = intervals(coders.temporal, options.photographs)
    else:
        measure(result["clips"], coders, options)
    result["commands"].append("python " + shlex.join(sys.argv))
    result |= {"frames": FRAMES, "summary": summary(result["clips"]), "machine": machine()}
    options.json.write_text(json.dumps(result, indent=1) + "\n")


def measure(rows: list[dict[str, Any]], coders: "Coders", options: argparse.Namespace) -> None:
    """Add the points of the coders that are asked for to the rows, one a clip."""
    for fps in options.fps:
        for clip in clips(options.photographs, fps, FRAMES):
            key = {"fps": fps, "kind": clip.kind, "number": clip.number}
            row = next((row for row in rows if key.items() <= row.items()), None)
            if row is None:
                row = key | {"points": {}}
                rows.append(row)
            for name in options.coders:
                row["points"][name] = coders.points(name, clip)
            print(*key.values(), {name: relative(row["points"], name) for name in row["points"]}, flush=True)


class Coders:
    """The coders that are compared.

    Args:
        networks: name or file of the networks of predicted frames; None is those that ship.
    """

    def __init__(self, networks: str | None) -> None:
        self.codec, self.networks = load_codec(), networks

    @cached_property
    def temporal(self) -> TemporalCodec:
        """With trained networks."""
        return TemporalCodec(self.codec, load_temporal(self.networks or "cotam-s-temporal"))

    @cached_property
    def untrained(self) -> TemporalCodec:
        """With networks as they are before training: differences coded as the base model codes pictures."""
        networks = TemporalNetworks.beginning_with(float_form(self.codec.network)).to_integers()
        card = TemporalCard("untrained", "00000000", self.codec.model_id.hex(), "", {}, 0, Path())
        return TemporalCodec(self.codec, LoadedTemporal(card, networks))

    def points(self, name: str, clip: Clip) -> list[Point]:
        """A clip at all of a coder's settings."""
        if name in ENCODERS:
            return [rival_point(name, clip, crf) for crf in CRFS[name]]
        temporal = self.temporal if name == "temporal" else self.untrained
        return cotam_points(temporal, clip, key_interval=1 if name == "frame by frame" else len(clip.frames))


def machine() -> dict[str, str]:
    """Where it was measured; sizes do not depend on it."""
    return {"processor": platform.processor() or platform.machine(), "cotam": cotam.__version__}


def intervals(temporal: TemporalCodec, photographs: Path) -> list[dict[str, Any]]:
    """Bytes a frame and PSNR at one quality by the frames from key frame to key frame, a clip of each kind."""
    rows = []
    for clip in clips(photographs, INTERVAL_FPS, INTERVALS[-1]):
        if clip.number == 0:
            for interval in INTERVALS:
                size, score = cotam_points(temporal, clip, (INTERVAL_QUALITY,), key_interval=interval)[0]
                rows.append(
                    {"kind": clip.kind, "interval": interval, "bytes": size / len(clip.frames), "psnr": score}
                )
    return rows


@torch.inference_mode()
def cotam_points(
    temporal: TemporalCodec, clip: Clip, qualities: Sequence[float] = QUALITIES, *, key_interval: int
) -> list[Point]:
    """A clip at some qualities."""
    analyses = [temporal.codec.analyse(frame) for frame in clip.frames]
    height, width = clip.frames[0].shape[:2]
    header = StreamHeader(width, height, temporal.codec.model_id, sequence=True, version=2)
    points = []
    for quality in qualities:
        encoder, decoder = (
            FrameEncoder(temporal, key_interval),
            FrameDecoder(temporal.codec, header, temporal),
        )
        records = [encoder.encode(analysis, quality) for analysis in analyses]
        pictures = [np.asarray(temporal.codec.synthesise(decoder.decode(record))) for record in records]
        points.append((sum(len(record.payload) for record in records), psnr(clip.frames, pictures)))
    return points


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


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mean BD-rate by frames a second and kind of clip."""
    table = []
    for fps, kind in dict.fromkeys((row["fps"], row["kind"]) for row in rows):
        chosen = [row["points"] for row in rows if (row["fps"], row["kind"]) == (fps, kind)]
        means = {}
        for name in CODERS[1:]:
            found = [relative(points, name) for points in chosen if name in points]
            values = [value for value in found if value is not None]
            if values:
                means[name] = {"bd_rate_percent": round(float(np.mean(values)), 1), "clips": len(values)}
        table.append({"fps": fps, "kind": kind, "against_frame_by_frame": means})
    return table


if __name__ == "__main__":
    main()
