"""Size, work and time of the base codecs beside each other, in one run and in turn.

    python benchmarks/base_codecs.py --json benchmarks/results/base_codecs.json

cotam-s is the shipped model. The others have random weights: their time hardly depends on them, and what depends on
them, the number of symbols that are not certainly zero, is at its most.
"""

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cotam.checkpoint import write_model
from cotam.codec import Codec, load_codec
from cotam.evaluation.complexity import CODEC_SIDE, codec_parts
from cotam.evaluation.synthetic import synthetic_picture
from cotam.models.architectures import SIZES, network_for
from cotam.training.calibration import assumed_tables

QUALITY = 40.0


def codec_of(name: str, folder: Path) -> Codec:
    """A codec by the name of its sizes: the shipped one, or one of random weights."""
    if name == "cotam-s":
        return load_codec(name)
    torch.manual_seed(0)
    network = network_for(SIZES[name]).to_integers()
    path = folder / f"{name}.safetensors"
    write_model(path, network, assumed_tables(network), name=name, description="random weights")
    return load_codec(path)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of a call, and what it gave."""
    before = time.perf_counter()
    result = work()
    return time.perf_counter() - before, result


def measure(names: list[str], picture: np.ndarray, rounds: int) -> list[dict[str, Any]]:
    """Encode and decode in turn; median seconds of each, after one round that does not count."""
    with tempfile.TemporaryDirectory() as folder:
        codecs = {name: codec_of(name, Path(folder)) for name in names}
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for _ in range(rounds + 1):
        for name, codec in codecs.items():
            encoding, data = timed(lambda codec=codec: codec.encode(picture, QUALITY))
            decoding, _ = timed(lambda codec=codec, data=data: codec.decode(data))
            seconds[name].append((encoding, decoding))
    return [
        {
            "name": name,
            **complexity(name),
            "encode_seconds": statistics.median(encode for encode, _ in seconds[name][1:]),
            "decode_seconds": statistics.median(decode for _, decode in seconds[name][1:]),
        }
        for name in names
    ]


def complexity(name: str) -> dict[str, Any]:
    """Parameters and kMAC/pixel by part, and what encoder and decoder run."""
    with torch.device("meta"):
        parts = {part.name: part for part in codec_parts(SIZES[name])}
    shared = sum(
        part.kmacs_per_pixel for key, part in parts.items() if key in ("hyper-synthesis", "context networks")
    )
    return {
        "latents": SIZES[name].latents,
        "parameters": sum(part.parameters for part in parts.values()),
        "parts": {key: [part.parameters, round(part.kmacs_per_pixel, 2)] for key, part in parts.items()},
        "encoder_kmacs_per_pixel": round(
            shared + parts["analysis"].kmacs_per_pixel + parts["hyper-analysis"].kmacs_per_pixel, 2
        ),
        "decoder_kmacs_per_pixel": round(shared + parts["synthesis"].kmacs_per_pixel, 2),
    }


def main() -> None:
    """Measure and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--size", default="768x512", help="of the picture, in pixels")
    parser.add_argument("--json", type=Path, help="file to write")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    width, height = map(int, arguments.size.split("x"))
    rows = measure(list(SIZES), synthetic_picture(width, height), arguments.rounds)
    report = {
        "size": [width, height],
        "quality": QUALITY,
        "threads": arguments.threads,
        "rounds": arguments.rounds,
        "counted_on": CODEC_SIDE,
        "torch": torch.__version__,
        "machine": platform.machine(),
        "codecs": rows,
    }
    text = json.dumps(report, indent=1)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
