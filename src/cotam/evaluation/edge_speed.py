"""Times of an edge codec's stages beside torch's, in one run."""

import os
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import torch

from cotam.codec import Codec, Guide, load_codec
from cotam.edge import EdgeCodec, load_edge_codec
from cotam.edge.runtimes import Precision, Runtime
from cotam.evaluation.guidance_speed import random_clip
from cotam.evaluation.rivals import Pixels
from cotam.evaluation.speed.cotam_codec import QUALITY
from cotam.evaluation.synthetic import synthetic_picture

SIZE: Final = (768, 512)
WAYS: Final[tuple[tuple[Runtime, Precision], ...]] = (
    ("onnx", "float32"),
    ("openvino", "float32"),
    ("openvino", "bfloat16"),
)
Stages = dict[str, float]
Clock = Callable[[], float]


def time_stages(threads: Sequence[int], rounds: int) -> dict[str, Any]:
    """Time torch and every edge runtime at each number of threads; what was set before comes back.

    Guidance is by the first three blocks of a CLIP ViT-B/16 of random weights. One thread is timed by the processor
    time of the process, in which other load of the machine does not count; several by the wall clock.

    Returns:
        ``timings``, the least milliseconds of each stage, ``ratios`` of torch's time to each edge runtime's, and
        ``load``, the machine's mean number of busy processes before: above 1, wall times say little.
    """
    pixels, before, timings = synthetic_picture(*SIZE), torch.get_num_threads(), []
    load = round(os.getloadavg()[0], 2)
    with random_clip() as folder:
        for count in threads:
            torch.set_num_threads(count)
            ways = _ways(str(folder), count)
            best: dict[str, Stages] = {}
            for _ in range(rounds + 1):
                for name, (codec, guide) in ways.items():
                    found = edge_stages(codec, guide, pixels, _clock(count))
                    best[name] = {stage: min(ms, best.get(name, found)[stage]) for stage, ms in found.items()}
            timings += [
                {"runtime": name, "threads": count, "milliseconds": {k: round(v, 2) for k, v in row.items()}}
                for name, row in best.items()
            ]
    torch.set_num_threads(before)
    return {
        "picture": "x".join(map(str, SIZE)),
        "rounds": rounds,
        "load": load,
        "timings": timings,
        "ratios": _ratios(timings),
    }


def edge_stages(
    codec: "Codec | EdgeCodec", guide: Guide, pixels: Pixels, clock: Clock = time.perf_counter
) -> Stages:
    """Milliseconds of each stage of one picture, with any codec; ``encode`` and ``decode`` are whole.

    Args:
        codec: on any runtime.
        guide: makes the level map.
        pixels: the picture.
        clock: gives seconds.
    """

    def timed(function: Callable[[], Any]) -> tuple[Any, float]:
        began = clock()
        result = function()
        return result, 1e3 * (clock() - began)

    level_map, guidance = timed(lambda: guide.level_map(pixels))
    analysis, analysing = timed(lambda: codec.analyse(pixels))
    coded, writing = timed(lambda: codec.encode_analysis(analysis, QUALITY, level_map))
    data = coded if isinstance(coded, bytes) else coded.data
    latents, reading = timed(lambda: codec.decode_latents(data))
    _, synthesis = timed(lambda: codec.synthesise(latents))
    return {
        "encode": guidance + analysing + writing,
        "guidance": guidance,
        "analysis": analysing,
        "entropy stage, encoding": writing,
        "decode": reading + synthesis,
        "entropy stage, decoding": reading,
        "synthesis": synthesis,
    }


def _ways(tower: str, threads: int) -> dict[str, tuple["Codec | EdgeCodec", Guide]]:
    """Codecs by name, each with a guide of its own."""
    found: dict[str, tuple[Codec | EdgeCodec, Guide]] = {"torch": (load_codec(), Guide.parse(tower))}
    for runtime, precision in WAYS:
        codec = load_edge_codec(runtime=runtime, precision=precision, threads=threads)
        found[f"{runtime} {precision}"] = codec, codec.guides.parse(tower)
    return found


def _ratios(timings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """How many times as long torch takes."""
    torch_times = {row["threads"]: row["milliseconds"] for row in timings if row["runtime"] == "torch"}
    return [
        {
            "runtime": row["runtime"],
            "threads": row["threads"],
            **{
                stage: round(
                    float(np.divide(torch_times[row["threads"]][stage], row["milliseconds"][stage])), 2
                )
                for stage in ("encode", "decode")
            },
        }
        for row in timings
        if row["runtime"] != "torch"
    ]


def _clock(threads: int) -> Clock:
    return time.process_time if threads == 1 else time.perf_counter
