"""Resident memory while 1,000 frames are encoded and decoded; exit code 1 if it grows.

    python benchmarks/video_memory.py --json benchmarks/results/video_memory.json

Frames come from an iterator, as from a camera: a made picture of 320 x 240 pixels, panned by a hand that shakes, with
noise. Each way and each key-frame interval has a process of its own. The frames up to the first reading fill caches.
"""

import argparse
import shlex
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from cotam.bitstream import SequenceReader
from cotam.codec import load_codec
from cotam.evaluation.memory import peak_memory, resident_memory
from cotam.evaluation.reports import new_report, write_report
from cotam.evaluation.synthetic import synthetic_picture
from cotam.video import Frame, VideoEncoder, VideoReader

WIDTH, HEIGHT = 320, 240
FPS, QUALITY = 5.0, 40.0
INTERVALS = (1, 50)
"""Frames from key frame to key frame."""
READINGS = (50, 250, 500, 750, 1000)
"""Up to which frames memory is read, of the usual 1,000."""
PAN = np.array([7.0, 3.0])
"""Pixels a frame to the right and down, there and back."""
SHAKE, NOISE = 1.5, 1.5
"""Standard deviations of a hand's jitter in pixels, and of a camera's noise, of 255."""
MOST_GROWTH = 16_000_000
"""Bytes by which memory may grow after the first reading: less than 100 decoded frames take."""


def main() -> int:
    """Run all cases, and write the report; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=READINGS[-1])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for interval in INTERVALS:
            path = Path(folder) / f"{interval}.cotam"
            rows.append(in_a_process(encoded, path, options.frames, interval))
            rows.append(in_a_process(decoded, path, options.frames, interval))
            print(*rows[-2:], sep="\n", flush=True)
    report = new_report("video_memory")
    report["command"] = shlex.join(["python", "benchmarks/video_memory.py", *sys.argv[1:]])
    report |= {"frames": options.frames, "size": [WIDTH, HEIGHT], "quality": QUALITY}
    report |= {"allowed_bytes": MOST_GROWTH, "rows": rows}
    if options.json:
        write_report(options.json, report)
    return int(max(row["growth_bytes"] for row in rows) > MOST_GROWTH)


def in_a_process(way: Any, *arguments: Any) -> dict[str, Any]:
    """What a fresh process that does nothing else finds."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(way, *arguments).result()


def encoded(path: Path, count: int, interval: int) -> dict[str, Any]:
    """Encode into a file."""
    codec = load_codec(threads=1)

    def steps() -> Iterator[int]:
        with VideoEncoder(path, codec, QUALITY, key_interval=interval) as encoder:
            for frame in camera(count):
                yield encoder.add(*frame)

    row = {"way": "encode", "key_interval": interval} | readings(steps(), count)
    with path.open("rb") as file:
        predicted = sum(record.predicted for record in SequenceReader(file))
    return row | {"predicted_frames": predicted, "stream_bytes": path.stat().st_size}


def decoded(path: Path, count: int, interval: int) -> dict[str, Any]:
    """Decode the file to pictures."""
    with VideoReader(path, load_codec(threads=1)) as reader:
        return {"way": "decode", "key_interval": interval} | readings(reader, count)


def readings(steps: Iterable[object], count: int) -> dict[str, Any]:
    """Go through the frames; the largest resident size after a frame, up to each reading from the one before."""
    places = {frames * count // READINGS[-1] for frames in READINGS}
    found, largest = [], 0
    for number, _ in enumerate(steps, 1):
        largest = max(largest, resident_memory())
        if number in places:
            found.append({"frames": number, "resident_bytes": largest})
            largest = 0
    sizes = [reading["resident_bytes"] for reading in found]
    return {"readings": found, "growth_bytes": max(sizes) - sizes[0], "peak_bytes": peak_memory()}


def camera(count: int) -> Iterator[Frame]:
    """Frames as they come."""
    canvas, rng = synthetic_picture(3 * WIDTH, 3 * HEIGHT), np.random.default_rng(0)
    room = np.array([2 * WIDTH, 2 * HEIGHT])
    for number in range(count):
        way = PAN * number % (2 * room)
        place = np.minimum(way, 2 * room - way) + rng.normal(0, SHAKE, 2)
        x, y = np.clip(np.rint(place), 0, room).astype(int)
        seen = canvas[y : y + HEIGHT, x : x + WIDTH] + rng.normal(0, NOISE, (HEIGHT, WIDTH, 3))
        yield Frame(np.clip(np.rint(seen), 0, 255).astype(np.uint8), round(1000 * number / FPS))


if __name__ == "__main__":
    sys.exit(main())
