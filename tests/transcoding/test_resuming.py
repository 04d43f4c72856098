"""Runs that are broken off and gone on with, and targets that belong to something else."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cotam.errors import DatasetError, ModelError
from cotam.transcoding import Coding, transcode
from cotam.transcoding.pool import AHEAD, ITEMS_PER_TASK
from cotam.transcoding.spool import Spool

PICTURES = 10

SCRIPT = """
import sys, time
from cotam.transcoding import Coding, transcode

def main():
    source, target, model, workers, wait = sys.argv[1:]
    def advance(settled, items, record):
        time.sleep(float(wait))
    transcode(source, target, Coding(model, 30), workers=int(workers), advance=advance)

if __name__ == "__main__":
    main()
"""


def rows(folder: Path) -> list[dict]:
    lines = (folder / "manifest.jsonl").read_text().splitlines()[1:]
    return [json.loads(line) for line in lines]


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.jsonl"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def stopped_after(settled: int):
    """An `advance` that breaks a run off, as Ctrl-C would."""

    def advance(done: int, items: int, record: object) -> None:
        if record is not None and done >= settled:
            raise KeyboardInterrupt

    return advance


@pytest.mark.parametrize("source", ["pictures", "shards", "tables"])
@pytest.mark.parametrize("after", [1, 5, 8])
def test_a_run_goes_on_where_it_was(source, after, request, coding, tmp_path):
    data = request.getfixturevalue(source)
    transcode(data, tmp_path / "whole", coding)
    with pytest.raises(KeyboardInterrupt):
        transcode(data, tmp_path / "broken", coding, advance=stopped_after(after))
    report = transcode(data, tmp_path / "broken", coding)
    assert report.before == after
    assert contents(tmp_path / "broken") == contents(tmp_path / "whole")
    keys = [row["key"] for row in rows(tmp_path / "broken")]
    assert len(keys) == len(set(keys)) == report.items


@pytest.mark.parametrize("after", [3, 4, 5, 8])
def test_a_folder_goes_on_into_the_same_shards(after, pictures, coding, tmp_path):
    chosen = {"form": "webdataset", "per_unit": 3}
    transcode(pictures, tmp_path / "whole", coding, **chosen)
    with pytest.raises(KeyboardInterrupt):
        transcode(pictures, tmp_path / "broken", coding, advance=stopped_after(after), **chosen)
    transcode(pictures, tmp_path / "broken", coding, **chosen)
    assert contents(tmp_path / "broken") == contents(tmp_path / "whole")


def test_a_second_run_does_nothing_and_lists_what_failed(pictures, coding, tmp_path):
    transcode(pictures, tmp_path / "out", coding)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    report = transcode(pictures, tmp_path / "out", coding)
    assert (report.before, report.done, len(report.failed)) == (PICTURES, 0, 1)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before


@pytest.mark.parametrize(("source", "workers"), [("pictures", 2), ("shards", 1)])
def test_a_killed_run_loses_doubles_and_repeats_nothing_but_what_was_in_flight(
    source, workers, request, coding, tmp_path
):
    data, out = request.getfixturevalue(source), tmp_path / "out"
    whole = transcode(data, tmp_path / "whole", coding)
    script = tmp_path / "run.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(data), str(out), coding.model, str(workers), "0.05"]
    process = subprocess.Popen(command)
    deadline = time.monotonic() + 120
    while not (out / "manifest.jsonl").exists() or len(rows_or_none(out)) < 4:
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    settled = {row["key"]: row for row in rows_or_none(out)}
    assert 4 <= len(settled) < whole.items
    report = transcode(data, out, coding)
    assert report.before == len(settled)
    assert contents(out) == contents(tmp_path / "whole")
    found = rows(out)
    assert [row for row in found if row["key"] in settled] == list(settled.values())
    assert len(found) == len({row["key"] for row in found}) == whole.items


def rows_or_none(folder: Path) -> list[dict]:
    """Whole lines of a manifest that is being written."""
    text = (folder / "manifest.jsonl").read_text()
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()[1:]]


def test_what_waits_in_the_pool_is_bounded():
    assert AHEAD * ITEMS_PER_TASK <= 16


def test_a_line_that_was_cut_off_and_streams_beyond_the_manifest_are_done_again(shards, coding, tmp_path):
    transcode(shards, tmp_path / "whole", coding)
    with pytest.raises(KeyboardInterrupt):
        transcode(shards, tmp_path / "out", coding, advance=stopped_after(3))
    with (tmp_path / "out" / "manifest.jsonl").open("a") as file:
        file.write('{"key": "train/0.tar/004.png", "sta')
    with (tmp_path / "out" / "train" / "0.tar.part").open("ab") as file:
        file.write(b"half a stream")
    assert transcode(shards, tmp_path / "out", coding).before == 3
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_streams_that_were_lost_or_removed_are_made_again(pictures, shards, coding, tmp_path):
    transcode(pictures, tmp_path / "folder", coding)
    (tmp_path / "folder" / "1.cotam").unlink()
    (tmp_path / "folder" / "2.cotam").write_bytes(b"")
    assert transcode(pictures, tmp_path / "folder", coding).done == 2
    transcode(shards, tmp_path / "shards", coding)
    before = contents(tmp_path / "shards")
    (tmp_path / "shards" / "train" / "1.tar").unlink()
    assert transcode(shards, tmp_path / "shards", coding).done == 7
    assert contents(tmp_path / "shards") == before


def test_pictures_that_are_new_are_added(pictures, coding, tmp_path, png):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(png(0))
    transcode(tmp_path / "in", tmp_path / "out", coding, form="webdataset")
    (tmp_path / "in" / "b.png").write_bytes(png(1))
    report = transcode(tmp_path / "in", tmp_path / "out", coding, form="webdataset")
    assert (report.before, report.done) == (1, 1)
    assert sorted(contents(tmp_path / "out")) == ["shard-000000.tar", "shard-000001.tar"]


def test_a_finished_shard_whose_source_has_grown_is_not_touched(coding, tmp_path, png, write_tar):
    write_tar(tmp_path / "in" / "a.tar", {"0.png": png(0)})
    transcode(tmp_path / "in", tmp_path / "out", coding)
    write_tar(tmp_path / "in" / "a.tar", {"0.png": png(0), "1.png": png(1)})
    with pytest.raises(DatasetError, match=r"a\.tar: is complete, but its source has more"):
        transcode(tmp_path / "in", tmp_path / "out", coding)
    (tmp_path / "out" / "a.tar").unlink()
    assert transcode(tmp_path / "in", tmp_path / "out", coding).done == 2


@pytest.mark.parametrize("form", ["folder", "webdataset"])
def test_what_failed_is_tried_again_on_request(form, coding, tmp_path, png):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(b"not yet there")
    (tmp_path / "in" / "b.png").write_bytes(png(1))
    assert len(transcode(tmp_path / "in", tmp_path / "out", coding, form=form).failed) == 1
    (tmp_path / "in" / "a.png").write_bytes(png(0))
    assert len(transcode(tmp_path / "in", tmp_path / "out", coding, form=form).failed) == 1
    report = transcode(tmp_path / "in", tmp_path / "out", coding, form=form, retry=True)
    assert (report.before, report.done, report.failed) == (1, 1, [])


def test_a_shard_with_a_failure_is_made_anew_on_request(coding, tmp_path, png, write_tar):
    write_tar(tmp_path / "in" / "a.tar", {"0.png": b"damaged", "1.png": png(1)})
    write_tar(tmp_path / "in" / "b.tar", {"2.png": png(2)})
    transcode(tmp_path / "in", tmp_path / "out", coding)
    write_tar(tmp_path / "in" / "a.tar", {"0.png": png(0), "1.png": png(1)})
    report = transcode(tmp_path / "in", tmp_path / "out", coding, retry=True)
    assert (report.before, report.done, report.failed) == (1, 2, [])


@pytest.mark.parametrize("what", ["quality", "source", "form", "model_id"])
def test_a_manifest_of_another_run_is_refused(what, pictures, shards, coding, shipped_codec, tmp_path):
    out = tmp_path / "out"
    transcode(pictures, out, coding)
    before = contents(out)
    source = shards.parent / shards.name if what == "source" else pictures
    other = {"quality": Coding(coding.model, 31), "model_id": Coding("cotam-s", 30)}.get(what, coding)
    form = "webdataset" if what in ("source", "form") else None
    with pytest.raises(DatasetError, match=rf"manifest\.jsonl: belongs to another run, whose {what} is"):
        transcode(source, out, other, form=form)
    assert contents(out) == before


@pytest.mark.parametrize("content", ["", "text\n", '{"other": 1}\n', '{"manifest": "cotam transcode"}\n3\n'])
def test_a_folder_that_holds_something_else_is_refused(content, pictures, coding, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / ("manifest.jsonl" if content else "other.txt")).write_text(content)
    with pytest.raises(DatasetError, match="name another folder"):
        transcode(pictures, out, coding)


def test_two_runs_at_once_do_not_write_into_one_folder(pictures, coding, tmp_path):
    def second(done: int, items: int, record: object) -> None:
        transcode(pictures, tmp_path / "out", coding)

    with pytest.raises(DatasetError, match="another cotam transcode is writing here"):
        transcode(pictures, tmp_path / "out", coding, advance=second)


def test_a_full_disk_loses_nothing(shards, coding, tmp_path, monkeypatch):
    append, room = Spool.append, [5]

    def limited(self, stream):
        room[0] -= 1
        if room[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return append(self, stream)

    monkeypatch.setattr(Spool, "append", limited)
    with pytest.raises(DatasetError, match="the disk is full; the same command goes on"):
        transcode(shards, tmp_path / "out", coding)
    monkeypatch.undo()
    report = transcode(shards, tmp_path / "out", coding)
    assert report.before == 6  # five streams and a failure
    transcode(shards, tmp_path / "whole", coding)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_what_cannot_be_is_refused_before_anything_is_written(pictures, shards, coding, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(ModelError, match="unknown model"):
        transcode(pictures, out, Coding("nothing"))
    with pytest.raises(ValueError, match="quality"):
        transcode(pictures, out, Coding(coding.model, 0))
    with pytest.raises(ValueError, match="only a folder of pictures can become parquet"):
        transcode(shards, out, coding, form="parquet")
    with pytest.raises(DatasetError, match="a column is a matter of Parquet"):
        transcode(pictures, out, coding, column="image")
    with pytest.raises(DatasetError, match="lies in"):
        transcode(pictures, pictures / "out", coding)
    assert not out.exists()
