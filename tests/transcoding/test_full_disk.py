"""Disks without room: one line, nothing lost, nothing left behind; and names that a file system does not take."""

import errno
import os
import tarfile
from pathlib import Path

import pytest
from transcoding.made_up import contents, run, write_tar

from cotam.errors import DatasetError
from cotam.transcoding.manifest import Manifest
from cotam.transcoding.spool import Spool

PICTURES = 12
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture(params=["folder", "webdataset", "parquet"])
def form(request: pytest.FixtureRequest) -> str:
    if request.param == "parquet":
        pytest.importorskip("pyarrow")
    return request.param


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for number in range(PICTURES):
        (tmp_path / "in" / f"{number:02}.png").write_bytes(b"%d" % number)
    return tmp_path / "in"


def check_recovery(source: Path, out: Path, form: str, settled: int) -> None:
    """After room was made nothing is missing and nothing is done twice."""
    assert not list(out.rglob(".cotam-*"))
    report = run(source, out, form=form, per_unit=5)
    assert (report.before, report.done) == (settled, PICTURES - settled)
    run(source, out.with_name("whole"), form=form, per_unit=5)
    assert contents(out) == contents(out.with_name("whole"))


def test_no_room_for_the_line_of_a_stream(form, source, tmp_path, monkeypatch):
    write, out = Manifest._write, tmp_path / "out"
    room = [8]  # the first line, and seven pictures

    def limited(self, rows):
        rows = list(rows)
        room[0] -= 1
        if room[0] < 0:
            self._file.write(b'{"key": "half a li')
            self._file.flush()
            raise FULL
        write(self, rows)

    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "_write", limited)
        with pytest.raises(DatasetError, match="the disk is full; the same command goes on"):
            run(source, out, form=form, per_unit=5)
    check_recovery(source, out, form, 7)


def test_no_room_for_a_stream(form, source, tmp_path, monkeypatch):
    out, room = tmp_path / "out", [7]

    def limited(real):
        def write(self, data):
            room[0] -= 1
            if room[0] < 0:
                real(self, data[:9])
                raise FULL
            return real(self, data)

        return write

    with monkeypatch.context() as patch:
        if form == "folder":
            patch.setattr(Path, "write_bytes", limited(Path.write_bytes))
        else:
            patch.setattr(Spool, "append", limited(Spool.append))
        with pytest.raises(DatasetError, match="the disk is full; the same command goes on"):
            run(source, out, form=form, per_unit=5)
    check_recovery(source, out, form, 7)


@pytest.mark.parametrize("form", ["webdataset", "parquet"])
def test_no_room_for_a_finished_file(form, source, tmp_path, monkeypatch):
    out = tmp_path / "out"

    def full(*_args, **_options):
        raise FULL

    with monkeypatch.context() as patch:
        if form == "webdataset":
            patch.setattr(tarfile.TarFile, "addfile", full)
        else:
            parquet = pytest.importorskip("pyarrow.parquet")
            patch.setattr(parquet.ParquetWriter, "write_table", full)
        with pytest.raises(DatasetError, match="the disk is full; the same command goes on"):
            run(source, out, form=form, per_unit=5)
    assert [path.name for path in out.rglob("*.part")] == [
        f"shard-000000.{'tar' if form == 'webdataset' else form}.part"
    ]
    check_recovery(source, out, form, 5)


def test_a_spool_is_closed_when_a_run_ends_badly(tmp_path, monkeypatch):
    write_tar(tmp_path / "in" / "a.tar", {"0.png": b"0", "1.png": b"1"})
    closed, close = [], Spool.close
    monkeypatch.setattr(Spool, "close", lambda self: (closed.append(self.path.name), close(self)))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "in", tmp_path / "out", advance=interrupted)
    assert closed == ["a.tar.part"]


def interrupted(done: int, items: int, record: object) -> None:
    if record is not None:
        raise KeyboardInterrupt


def test_a_name_that_the_suffix_makes_too_long_fails_alone(source, tmp_path):
    (source / f"{'n' * 251}.png").write_bytes(b"long")
    report = run(source, tmp_path / "out")
    (failed,) = report.failed
    assert failed.reason.endswith("File name too long")
    assert report.done == PICTURES
    assert run(source, tmp_path / "out").before == PICTURES + 1


def test_a_folder_in_the_way_of_a_stream_fails_that_one_alone(source, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(source, tmp_path / "out", advance=interrupted)
    (tmp_path / "out" / "05.cotam").mkdir()
    report = run(source, tmp_path / "out")
    assert [record.key for record in report.failed] == ["05.png"]
