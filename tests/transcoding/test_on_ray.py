"""Transcoding with Ray Data on a cluster of this machine. Ray is large, so these run where it is installed."""

import dataclasses
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from cotam.errors import CotamError
from cotam.transcoding import Coding, on_ray, transcode
from cotam.transcoding.coding import Coded
from cotam.transcoding.on_ray import code_on_ray

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'cotam[ray]'")


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """One cluster for all tests."""
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("source", ["pictures", "shards", "tables"])
def test_ray_gives_what_one_process_gives_manifest_included(source, request, coding, tmp_path):
    data = request.getfixturevalue(source)
    transcode(data, tmp_path / "here", coding)
    report = transcode(data, tmp_path / "ray", coding, engine=partial(code_on_ray, workers=2))
    assert len(report.failed) == 1
    assert contents(tmp_path / "ray") == contents(tmp_path / "here")


def test_a_run_that_was_broken_off_goes_on_with_ray_and_ends_without(pictures, coding, tmp_path):
    def stop(settled: int, items: int, record: object) -> None:
        if settled == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transcode(pictures, tmp_path / "out", coding, form="webdataset", per_unit=3, advance=stop)
    report = transcode(pictures, tmp_path / "out", coding, form="webdataset", per_unit=3, engine=code_on_ray)
    assert (report.before, report.done) == (4, 6)
    transcode(pictures, tmp_path / "whole", coding, form="webdataset", per_unit=3)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def settled(folder: Path) -> list[dict]:
    """Whole lines of a manifest, which may be growing."""
    path = folder / "manifest.jsonl"
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()[1:]]


SCRIPT = """
import sys, time
from cotam.transcoding import Coding, transcode
from cotam.transcoding.on_ray import code_on_ray

source, target, model = sys.argv[1:]
transcode(source, target, Coding(model, 30), engine=code_on_ray, advance=lambda *_: time.sleep(0.05))
"""


@pytest.mark.parametrize("source", ["shards", "tables"])
def test_a_run_that_was_killed_goes_on_and_ends_with_the_same_bytes(source, request, coding, tmp_path):
    data, out = request.getfixturevalue(source), tmp_path / "out"
    command = [sys.executable, "-c", SCRIPT, str(data), str(out), coding.model]
    address = ray.get_runtime_context().gcs_address
    process = subprocess.Popen(command, env=os.environ | {"RAY_ADDRESS": address}, start_new_session=True)
    deadline = time.monotonic() + 300
    while len(settled(out)) < 4:
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = settled(out)
    report = transcode(data, out, coding, engine=code_on_ray)
    assert 4 <= report.before == len(before) < report.items
    transcode(data, tmp_path / "whole", coding)
    assert contents(out) == contents(tmp_path / "whole")


def test_a_second_lot_follows_the_first(pictures, coding, tmp_path, monkeypatch):
    monkeypatch.setattr(on_ray, "ITEMS_PER_DATASET", 6)
    transcode(pictures, tmp_path / "here", coding)
    transcode(pictures, tmp_path / "ray", coding, engine=code_on_ray)
    assert contents(tmp_path / "ray") == contents(tmp_path / "here")


def test_relative_paths_are_found_by_actors_which_run_elsewhere(pictures, coding, tmp_path, monkeypatch):
    monkeypatch.chdir(pictures.parent)
    model = os.path.relpath(coding.model)
    here = dataclasses.replace(coding, model=model)
    report = transcode(pictures.name, tmp_path / "ray", here, engine=code_on_ray)
    assert (report.done, len(report.failed)) == (9, 1)


@pytest.mark.parametrize("how", ["at the start", "at work"])
def test_actors_that_fail_are_an_error_of_one_line(how, pictures, coding, tmp_path, monkeypatch):
    def broken_class(coding: Coding) -> type:
        class Broken:
            def __init__(self) -> None:
                if how == "at the start":
                    raise OSError("nothing is here")

            def __call__(self, batch: dict) -> dict:
                if how == "at work":
                    raise OSError("nothing is here")
                return batch

        return Broken

    monkeypatch.setattr(on_ray, "actor_class", broken_class)
    with pytest.raises(CotamError, match=r"^Ray: .*nothing is here; the same command goes on$"):
        transcode(pictures, tmp_path / "ray", coding, engine=code_on_ray)


def test_gpus_are_taken_where_there_are_any_and_refused_where_there_are_none(coding):
    chosen, workers, resources = on_ray._spread(coding, None, {"CPU": 8.0, "GPU": 2.0})
    assert (chosen.device, chosen.batch, workers, resources) == ("cuda", 8, 2, {"num_gpus": 1})
    assert on_ray._spread(coding, None, {"CPU": 8.0})[1:] == (8, {"num_cpus": 1})
    on_gpu = dataclasses.replace(coding, device="cuda")
    with pytest.raises(ValueError, match="the Ray cluster has no GPU"):
        on_ray._spread(on_gpu, None, {"CPU": 8.0})


def test_the_command_transcodes_on_ray(pictures, coding, tmp_path):
    from cotam.cli.running import run

    code = run(
        ["transcode", str(pictures), str(tmp_path / "out"), "--ray", "--model", coding.model, "-q", "30"]
    )
    assert code == 1  # one picture is damaged
    transcode(pictures, tmp_path / "here", coding)
    assert contents(tmp_path / "out") == contents(tmp_path / "here")


def test_an_actor_is_handed_a_block_at_a_time(pictures, coding, tmp_path, monkeypatch):
    def counting_class(coding: Coding) -> type:
        class Counting:
            def __call__(self, batch: dict) -> dict:
                size = len(batch["item"])
                items = [pickle.loads(item) for item in batch["item"]]
                return {
                    "coded": [pickle.dumps(Coded(i.key, i.unit, 0, None, f"one of {size}")) for i in items]
                }

        return Counting

    monkeypatch.setattr(on_ray, "actor_class", counting_class)
    monkeypatch.setattr(on_ray, "ITEMS_PER_BLOCK", 4)
    report = transcode(pictures, tmp_path / "ray", coding, engine=partial(code_on_ray, workers=1))
    assert sorted(record.reason for record in report.failed) == ["one of 3"] * 6 + ["one of 4"] * 4
