"""Pictures a second of ``cotam transcode`` with one and two processes and on Ray, against a bare loop.

    python benchmarks/transcode_throughput.py --num 10000 --json benchmarks/results/transcode.json

The pictures are LevelVQA scenes as PNG files. The bare loop reads each file, encodes it on one thread and writes
nothing. All times leave out the start: they run from the first picture that is settled to the last.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import torch

from cotam import __version__, load_codec
from cotam.data.listing import open_data_set
from cotam.levelvqa.export import ExportPlan, export
from cotam.transcoding import Coding, transcode
from cotam.transcoding.coding import Engine
from cotam.transcoding.pool import code_in_processes

NAME = "benchmarks/transcode_throughput"
QUALITY = 30.0
WARM = 8
"""Pictures of the bare loop before its time is taken."""


def main() -> None:
    """Run and write the report."""
    parser = argparse.ArgumentParser(description="Pictures a second against a bare loop.")
    parser.add_argument("--num", type=int, default=10_000)
    parser.add_argument(
        "--pictures", type=Path, help="folder of PNG files, in place of scenes that are drawn"
    )
    parser.add_argument("--no-ray", action="store_true", help="leave Ray out")
    parser.add_argument("--json", type=Path, required=True)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.pictures or drawn(Path(scratch) / "scenes", given.num)
        paths = open_data_set(folder, {".png"}).files
        coding = Coding(quality=QUALITY)
        runs = [{"how": "a bare loop", "workers": 1, **bare(list(paths))}]
        engines: list[tuple[str, int, Engine | None]] = [
            ("processes", workers, partial(code_in_processes, workers=workers)) for workers in (1, 2)
        ]
        if not given.no_ray:
            from cotam.transcoding.on_ray import code_on_ray

            engines += [("Ray", workers, partial(code_on_ray, workers=workers)) for workers in (1, 2)]
        for how, workers, engine in engines:
            out = Path(scratch) / f"{how}-{workers}"
            runs.append({"how": how, "workers": workers, **transcoded(folder, out, coding, engine)})
            print(runs[-1], flush=True)
    report = {
        "command": f"python {NAME}.py --num {len(paths)} --json benchmarks/results/transcode.json",
        "pictures": len(paths),
        "quality": QUALITY,
        "runs": runs,
        "machine": {
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "torch": torch.__version__,
            "cotam": __version__,
        },
    }
    given.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")


def drawn(folder: Path, count: int) -> Path:
    """Draw scenes of the test split; returns the folder of their pictures."""
    export(ExportPlan("test", count, formats=("jsonl",)), folder, os.cpu_count() or 1)
    return folder / "images"


def bare(paths: list[Path]) -> dict[str, Any]:
    """Read and encode in a loop."""
    codec = load_codec(threads=1)
    for path in paths[:WARM]:
        codec.encode(path.read_bytes(), QUALITY)
    start, size = time.perf_counter(), 0
    for path in paths:
        size += len(codec.encode(path.read_bytes(), QUALITY))
    seconds = time.perf_counter() - start
    return {"items_per_second": len(paths) / seconds, "bytes": size, "failed": 0}


def transcoded(folder: Path, out: Path, coding: Coding, engine: Engine | None) -> dict[str, Any]:
    """Transcode into a folder of shards."""
    times: list[float] = []

    def advance(settled: int, items: int, record: Any) -> None:
        if record is not None:
            times.append(time.perf_counter())

    report = transcode(folder, out, coding, form="webdataset", engine=engine, advance=advance)
    lines = (out / "manifest.jsonl").stat().st_size / max(report.items, 1)
    return {
        "items_per_second": (len(times) - 1) / (times[-1] - times[0]),
        "seconds_with_start": report.seconds,
        "bytes": report.bytes_out,
        "failed": len(report.failed),
        "manifest_bytes_per_item": round(lines, 1),
    }


if __name__ == "__main__":
    main()
