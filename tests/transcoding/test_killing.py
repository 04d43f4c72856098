"""Runs that are killed outright: nothing is lost, doubled, or coded again beyond what was in flight."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from transcoding.made_up import DAMAGED, contents, run, write_tar

from cotam.transcoding import Coding, transcode
from cotam.transcoding.pool import AHEAD, ITEMS_PER_TASK

PICTURES = 80
CALLS = frozenset({"write", "flush", "truncate", "rename", "replace", "unlink", "fsync", "open", "mkdir"})
"""Before and after each of these a process may be killed."""
POINTS = 12
"""Of these calls, how many are tried."""
COUNTING = """
import os, time
from cotam.transcoding.coding import Coder

code = Coder._code

def counted(self, items):
    log = os.open(os.environ["COTAM_TEST_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, "".join(f"{item.key}\\n" for item in items).encode())
    os.close(log)
    time.sleep(0.03)
    return code(self, items)

Coder._code = counted
"""


def rows(folder: Path) -> list[dict]:
    """Whole lines of a manifest, which may be growing."""
    path = folder / "manifest.jsonl"
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()[1:]]


def calls_of(work: Callable[[], object], last: int | None = None) -> int:
    """Do some work, counting calls to the system; at the ``last`` one this process is killed."""
    met = 0

    def count(frame: object, event: str, function: object) -> None:
        nonlocal met
        if event in ("c_call", "c_return") and getattr(function, "__name__", "") in CALLS:
            met += 1
            if met == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return met


def killed_at(last: int, work: Callable[[], object]) -> None:
    """Do some work in a process of its own, which is killed."""
    child = os.fork()
    if child == 0:
        try:
            calls_of(work, last)
        except BaseException:
            traceback.print_exc()
        os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


def source_of(form: str, folder: Path) -> tuple[Path, dict]:
    """Eleven small pictures, one of them damaged, and how they are transcoded."""
    folder.mkdir()
    data = [DAMAGED if n == 2 else f"picture {n}".encode() for n in range(11)]
    if form == "shards":
        for first in (0, 6):
            members = {f"{n:02}.png": one for n, one in enumerate(data[first : first + 6], first)}
            write_tar(folder / f"{first}.tar", members | {"notes.txt": b"text"})
        return folder, {}
    if form == "tables":
        pa = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        for first in (0, 6):
            own = data[first : first + 6]
            table = pa.table({"image": own, "n": list(range(len(own)))})
            parquet.write_table(table, folder / f"{first}.parquet", row_group_size=4)
        return folder, {}
    for number, one in enumerate(data):
        (folder / f"{number:02}.png").write_bytes(one)
    return folder, {"form": form, "per_unit": 4}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a copy of this process")
@pytest.mark.parametrize("form", ["folder", "webdataset", "parquet", "shards", "tables"])
def test_wherever_a_run_is_killed_it_ends_with_the_same_bytes(form, tmp_path):
    if form == "parquet":
        pytest.importorskip("pyarrow")
    source, options = source_of(form, tmp_path / "in")
    run(source, tmp_path / "warm", **options)  # the first run also imports
    calls = calls_of(lambda: run(source, tmp_path / "whole", **options))
    whole, lines = contents(tmp_path / "whole"), rows(tmp_path / "whole")
    points = random.Random(form).sample(range(1, calls + 1), POINTS)
    for point in points:
        out = tmp_path / f"at-{point}"
        killed_at(point, lambda out=out: run(source, out, **options))
        settled = rows(out)
        report = run(source, out, **options)
        assert contents(out) == whole, point
        assert rows(out) == lines, point
        assert (report.before, rows(out)[: len(settled)]) == (len(settled), settled), point


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a copy of this process")
def test_a_run_that_is_killed_again_and_again_comes_to_its_end(tmp_path):
    source, options = source_of("webdataset", tmp_path / "in")
    run(source, tmp_path / "whole", **options)
    order, out = random.Random(0), tmp_path / "out"
    for _ in range(8):
        killed_at(order.randrange(9, 40), lambda: run(source, out, **options))
    run(source, out, **options)
    assert contents(out) == contents(tmp_path / "whole")
    assert rows(out) == rows(tmp_path / "whole")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, png: Callable[[int], bytes]) -> Path:
    """Four shards of twenty pictures."""
    folder = tmp_path_factory.mktemp("many")
    for first in range(0, PICTURES, 20):
        files = {f"{n:03}.png": png(n + 100) for n in range(first, first + 20)}
        write_tar(folder / f"{first:03}.tar", files)
    return folder


@pytest.fixture(scope="module")
def whole(many: Path, coding: Coding, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An undisturbed run."""
    folder = tmp_path_factory.mktemp("whole") / "out"
    transcode(many, folder, coding)
    return folder


@pytest.mark.parametrize(("workers", "seed"), [(1, 0), (2, 1), (2, 2)])
def test_a_command_that_is_killed_repeats_nothing_but_what_was_in_flight(
    workers, seed, many, whole, coding, tmp_path
):
    order, out, log = random.Random(seed), tmp_path / "out", tmp_path / "log"
    (tmp_path / "sitecustomize.py").write_text(COUNTING)
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = ["transcode", str(many), str(out), "--model", coding.model, "-q", str(coding.quality)]
    process = subprocess.Popen(
        [sys.executable, "-m", "cotam.cli", *command, "--workers", str(workers)],
        env=os.environ | {"PYTHONPATH": path, "COTAM_TEST_LOG": str(log)},
        start_new_session=True,
    )
    wanted, deadline = order.randrange(PICTURES // 8, PICTURES // 2), time.monotonic() + 300
    while len(rows(out)) < wanted:
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    time.sleep(order.random() / 20)
    (os.killpg if seed else os.kill)(process.pid, signal.SIGKILL)
    process.wait()
    settled = rows(out)
    coded = log.read_text().splitlines()
    assert wanted <= len(settled) < PICTURES
    assert max(Counter(coded).values()) == 1
    in_flight = len(coded) - len(settled)
    assert 0 <= in_flight <= (AHEAD + 1) * ITEMS_PER_TASK * workers
    report = transcode(many, out, coding)
    assert (report.before, report.done) == (len(settled), PICTURES - len(settled))
    assert contents(out) == contents(whole)
    assert rows(out) == rows(whole)
