"""Pictures a second of ``cotam transcode`` with one and two processes and on Ray, against a bare loop.

    python benchmarks/transcode_throughput.py --num 10000 --json benchmarks/results/transcode.json

The pictures are LevelVQA scenes as PNG files. The bare loop reads each file, encodes it on one thread and writes
nothing. All times leave out the start: they run from the first picture that is settled to the last.

One more run with two processes is killed (``kill -9`` of all its processes) when half of the items have their lines,
and gone on with. Its shards are compared with those of the undisturbed run of two processes.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch

from cotam import __version__, load_codec
from cotam.data.listing import open_data_set
from cotam.data.places import Item
from cotam.levelvqa.export import ExportPlan, export
from cotam.transcoding import Coding, transcode
from cotam.transcoding.coding import Engine
from cotam.transcoding.manifest import NAME as MANIFEST
from cotam.transcoding.pool import code_in_processes

NAME = "benchmarks/transcode_throughput"
QUALITY = 30.0
WARM = 8
"""Pictures of the bare loop before its time is taken."""
WORKERS = 2
"""Processes of the run that is killed."""
LOGGED = """
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
from transcode_throughput import logged

logged(*map(Path, sys.argv[2:]))
"""


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
        names = [path.relative_to(folder).as_posix() for path in paths]
        found = killed(folder, names, Path(scratch) / f"processes-{WORKERS}", Path(scratch) / "killed")
        print(found, flush=True)
    report = {
        "command": f"python {NAME}.py --num {len(paths)} --json benchmarks/results/transcode.json",
        "pictures": len(paths),
        "quality": QUALITY,
        "runs": runs,
        "killed": found,
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


def killed(folder: Path, names: list[str], whole: Path, out: Path) -> dict[str, Any]:
    """Kill a run half-way and go on with it; what was lost, doubled and done again, against an undisturbed run."""
    log = out.with_name("handed-out")
    command = [sys.executable, "-c", LOGGED, str(Path(__file__).parent), str(folder), str(out), str(log)]
    process = subprocess.Popen(command, start_new_session=True)
    while (settled := lines(out)) < len(names) // 2:
        if process.poll() is not None:
            raise SystemExit("the run to be killed ended by itself")
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    settled = lines(out)
    subprocess.run(command, check=True)
    streams = Counter(json.loads(text)["path"] for text in members(out, ".json"))
    handed = Counter(log.read_text("utf-8").splitlines())
    return {
        "workers": WORKERS,
        "settled": settled,
        "lost": len(set(names) - streams.keys()),
        "doubled": sum(count - 1 for count in [*streams.values(), *recorded(out).values()]),
        "handed_out_again": sum(handed.values()) - len(handed),
        "shards_equal": shards(out) == shards(whole),
    }


def logged(folder: Path, out: Path, log: Path) -> None:
    """Transcode into a folder of shards; a file takes the name of every item that is handed to a worker."""

    def noting(items: Iterable[Item], file: Any) -> Iterator[Item]:
        for item in items:
            file.write(f"{item.key}\n".encode())
            yield item

    def engine(items: Iterable[Item], coding: Coding) -> Any:
        with log.open("ab", buffering=0) as file:
            yield from code_in_processes(noting(items, file), coding, WORKERS)

    transcode(folder, out, Coding(quality=QUALITY), form="webdataset", engine=engine)


def lines(out: Path) -> int:
    """Items that have their lines."""
    path = out / MANIFEST
    return max(path.read_bytes().count(b"\n") - 1, 0) if path.exists() else 0


def recorded(out: Path) -> Counter[str]:
    """How many lines each item has."""
    _, *rows = (out / MANIFEST).read_text("utf-8").splitlines()
    return Counter(json.loads(row)["key"] for row in rows)


def members(out: Path, suffix: str) -> Iterator[bytes]:
    """Files of all shards with a suffix."""
    for path in sorted(out.glob("*.tar")):
        with tarfile.open(path) as shard:
            for member in shard:
                if member.name.endswith(suffix):
                    yield shard.extractfile(member).read()  # type: ignore[union-attr]


def shards(out: Path) -> dict[str, bytes]:
    """The shards themselves."""
    return {path.name: path.read_bytes() for path in out.glob("*.tar")}


if __name__ == "__main__":
    main()
