"""The report of ``cotam bench speed``: every codec in turn, at each number of threads, in one run."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from cotam.codec import load_codec
from cotam.evaluation.memory import peak_memory_of
from cotam.evaluation.rate import Unreadable, readable_pictures
from cotam.evaluation.rivals import Pixels
from cotam.evaluation.speed import (
    QUALITY,
    RIVAL_QUALITY,
    SIZE,
    Timing,
    encode_and_decode,
    time_codec,
    time_rival,
)
from cotam.evaluation.synthetic import synthetic_picture

RIVALS = ("webp", "avif")


def pictures_to_time(folder: Path | None) -> list[Pixels]:
    """The readable pictures of a folder, or the synthetic one of `SIZE`.

    Raises:
        ImageError: there is no such folder, or no picture in it.
    """
    if folder is None:
        return [synthetic_picture(*SIZE)]
    found = [picture for picture in readable_pictures(folder) if not isinstance(picture, Unreadable)]
    return [pixels for _, pixels in found]


def measure_speed(
    model: str, pictures: Sequence[Pixels], threads: Sequence[int], repeat: int
) -> dict[str, Any]:
    """Time the codec and its rivals at each number of threads; what was set before comes back.

    Returns:
        ``timings``, and ``ratios`` of the codec's time to each rival's.
    """
    codec, before = load_codec(model), torch.get_num_threads()
    timings: list[Timing] = []
    try:
        for count in threads:
            torch.set_num_threads(count)
            timings += time_codec(codec, pictures, repeat)
            for name in RIVALS:
                timings += time_rival(name, pictures, repeat)
    finally:
        torch.set_num_threads(before)
    return {
        "pictures": [f"{pixels.shape[1]}x{pixels.shape[0]}" for pixels in pictures],
        "repeat": repeat,
        "quality": QUALITY,
        "rival_quality": RIVAL_QUALITY,
        "timings": [{**asdict(row), "milliseconds": round(row.milliseconds, 2)} for row in timings],
        "ratios": _ratios(timings, codec.name),
    }


def measure_memory(model: str, width: int, height: int) -> dict[str, Any]:
    """Peak memory of a fresh process that encodes and decodes one picture."""
    peak = peak_memory_of(encode_and_decode, model, width, height)
    return {"width": width, "height": height, "peak_bytes": peak}


def _ratios(timings: Sequence[Timing], name: str) -> list[dict[str, Any]]:
    """How many times a rival's time the codec takes."""
    times = {(row.codec, row.stage, row.threads): row.milliseconds for row in timings}
    return [
        {
            "stage": stage,
            "threads": threads,
            "rival": rival,
            "ratio": round(times[name, stage, threads] / ms, 3),
        }
        for (rival, stage, threads), ms in times.items()
        if rival in RIVALS
    ]
