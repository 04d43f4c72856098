"""Sources that change between two runs, and targets that were interfered with: no stream is taken for another's."""

import os
import shutil
from pathlib import Path

import pytest
from transcoding.made_up import DAMAGED, contents, made_of, read_tar, run, write_tar

from cotam.errors import DatasetError
from cotam.transcoding.spool import spool_path


def names(count: int) -> list[bytes]:
    """Pictures whose streams have different sizes, the first the longest."""
    return sorted((f"picture {n}".encode() for n in range(count)), key=lambda data: -len(made_of(data)))


def broken_off_after(settled: int):
    def advance(done: int, items: int, record: object) -> None:
        if record is not None and done >= settled:
            raise KeyboardInterrupt

    return advance


def shard(source: Path, pictures: list[bytes]) -> dict[str, bytes]:
    """Write a.tar of these pictures; returns what must become of it."""
    write_tar(source / "a.tar", {f"{n}.png": data for n, data in enumerate(pictures)})
    return {f"{n}.cotam": made_of(data) for n, data in enumerate(pictures) if data != DAMAGED}


def test_a_shard_that_is_made_anew_holds_no_bytes_of_the_records_before(tmp_path):
    pictures = names(4)
    shard(tmp_path / "in", [DAMAGED, *pictures[1:]])
    run(tmp_path / "in", tmp_path / "out")
    wanted = shard(tmp_path / "in", pictures)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "in", tmp_path / "out", retry=True, advance=broken_off_after(2))
    report = run(tmp_path / "in", tmp_path / "out", retry=True)
    assert (report.before, report.done) == (2, 2)
    assert read_tar(tmp_path / "out" / "a.tar") == wanted


def test_a_shard_whose_source_has_grown_in_front_is_made_anew_whole(tmp_path):
    pictures = {f"{n}.png": data for n, data in enumerate(names(5))}
    write_tar(tmp_path / "in" / "a.tar", dict(list(pictures.items())[1:]))
    run(tmp_path / "in", tmp_path / "out")
    (tmp_path / "out" / "a.tar").unlink()
    write_tar(tmp_path / "in" / "a.tar", pictures)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "in", tmp_path / "out", advance=broken_off_after(2))
    run(tmp_path / "in", tmp_path / "out")
    wanted = {f"{Path(name).stem}.cotam": made_of(data) for name, data in pictures.items()}
    assert read_tar(tmp_path / "out" / "a.tar") == wanted


def test_bytes_that_were_altered_in_a_spool_are_coded_again(tmp_path):
    wanted = shard(tmp_path / "in", names(4))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "in", tmp_path / "out", advance=broken_off_after(3))
    spool = tmp_path / "out" / "a.tar.part"
    spool.write_bytes(b"\0" + spool.read_bytes()[1:])
    assert run(tmp_path / "in", tmp_path / "out").before == 2
    assert read_tar(tmp_path / "out" / "a.tar") == wanted


def test_what_failed_in_a_shard_that_is_not_finished_is_tried_again_alone(tmp_path):
    pictures = names(4)
    shard(tmp_path / "in", [DAMAGED, *pictures[1:]])
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "in", tmp_path / "out", advance=broken_off_after(3))
    wanted = shard(tmp_path / "in", pictures)
    report = run(tmp_path / "in", tmp_path / "out", retry=True)
    assert (report.before, report.done) == (2, 2)
    assert read_tar(tmp_path / "out" / "a.tar") == wanted


def table_of(path: Path, pictures: list[bytes]) -> None:
    pa = pytest.importorskip("pyarrow")
    path.parent.mkdir(parents=True, exist_ok=True)
    pa.parquet.write_table(pa.table({"image": pictures, "n": range(len(pictures))}), path)


@pytest.mark.parametrize("name", ["a.tar", "A.TAR", "a.parquet"])
@pytest.mark.parametrize("change", ["gone", "shorter"])
def test_streams_are_kept_while_the_source_that_completes_them_is_not_what_it_was(
    name, change, tmp_path, monkeypatch
):
    pytest.importorskip("pyarrow.parquet")
    source, out = tmp_path / "in" / name, tmp_path / "out"

    def write(pictures: list[bytes]) -> None:
        if name.endswith("parquet"):
            table_of(source, pictures)
        else:
            write_tar(source, {f"{n}.png": data for n, data in enumerate(pictures)})

    write(names(3))
    table_of(tmp_path / "in" / "b.parquet", names(1)) if name.endswith("parquet") else write_tar(
        tmp_path / "in" / "b.tar", {"b.png": b"b"}
    )
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "in", out, advance=broken_off_after(3))
    spool = spool_path(out / name)
    before = spool.read_bytes()
    shutil.move(source, tmp_path / "away")
    if change == "shorter":
        write(names(3)[:2])
    with pytest.raises(DatasetError, match=r"no longer holds|cannot be read|no Parquet file"):
        run(tmp_path / "in", out)
    assert spool.read_bytes() == before
    assert not (out / name).exists()
    shutil.move(tmp_path / "away", source)
    report = run(tmp_path / "in", out)
    assert (report.before, report.done) == (4, 0)
    assert not spool.exists()
    run(tmp_path / "in", tmp_path / "whole")
    assert contents(out) == contents(tmp_path / "whole")


def test_a_spool_that_was_left_beside_its_finished_shard_is_removed(tmp_path):
    shard(tmp_path / "in", names(3))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "in", tmp_path / "out", advance=broken_off_after(3))
    spool = (tmp_path / "out" / "a.tar.part").read_bytes()
    run(tmp_path / "in", tmp_path / "out")
    before = contents(tmp_path / "out")
    (tmp_path / "out" / "a.tar.part").write_bytes(spool)
    shard(tmp_path / "in", names(3)[:2])
    assert run(tmp_path / "in", tmp_path / "out").before == 2
    assert contents(tmp_path / "out") == before


def test_a_stream_in_the_way_of_a_new_picture_s_own_is_made_again(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg.webp").write_bytes(b"1")
    run(tmp_path / "in", tmp_path / "out")
    assert list(contents(tmp_path / "out")) == ["a.jpg.cotam"]
    (tmp_path / "in" / "a.jpg").write_bytes(b"2")
    (tmp_path / "in" / "a.png").write_bytes(b"3")
    assert run(tmp_path / "in", tmp_path / "out").done == 3
    assert contents(tmp_path / "out") == {
        "a.jpg.cotam": made_of(b"2"),
        "a.png.cotam": made_of(b"3"),
        "a.jpg.webp.cotam": made_of(b"1"),
    }


def test_a_shard_is_on_the_disk_before_its_streams_are_removed(tmp_path, monkeypatch):
    shard(tmp_path / "in", names(2))
    events, fsync, replace, unlink = [], os.fsync, os.replace, Path.unlink

    def synced(descriptor: int) -> None:
        name = Path(os.readlink(f"/proc/self/fd/{descriptor}")).name
        events.append("shard" if name.startswith(".cotam-") else name)
        fsync(descriptor)

    def removed(path: Path, **options: bool) -> None:
        if path.name == "a.tar.part":
            events.append("removed")
        unlink(path, **options)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", lambda a, b: (events.append("renamed"), replace(a, b)))
    monkeypatch.setattr(Path, "unlink", removed)
    run(tmp_path / "in", tmp_path / "out")
    assert events == ["shard", "renamed", "out", "removed", "manifest.jsonl"]
