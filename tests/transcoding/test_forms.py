"""Folders, shards and tables: what comes out of each."""

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from cotam import load_codec
from cotam.data.shards import read_samples
from cotam.transcoding import Coding, Report, transcode

PICTURES = 10
DAMAGED = 3

GOOD = [number for number in range(PICTURES) if number != DAMAGED]


@pytest.fixture(scope="session")
def streams(coding: Coding, png) -> dict[int, bytes]:
    """What the codec makes of each picture by itself."""
    codec = load_codec(coding.model)
    return {number: codec.encode(png(number), coding.quality) for number in [*GOOD, 20, 21]}


def manifest(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


def members(shard: Path) -> dict[str, bytes]:
    with tarfile.open(shard) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def check(report: Report, items: int = PICTURES) -> None:
    assert (report.items, report.before, report.done) == (items, 0, items - 1)
    (failed,) = report.failed
    assert f"{DAMAGED}" in failed.key
    assert "truncated or damaged" in failed.reason


def test_a_folder_becomes_a_folder_of_streams(pictures, coding, streams, tmp_path):
    check(transcode(pictures, tmp_path / "out", coding))
    for number in GOOD:
        place = tmp_path / "out" / ("below" if number > 7 else "") / f"{number}.cotam"
        assert place.read_bytes() == streams[number]


def test_the_manifest_has_a_line_with_status_and_checksum_for_every_item(
    pictures, coding, streams, tmp_path, png
):
    transcode(pictures, tmp_path / "out", coding)
    head, *rows = manifest(tmp_path / "out")
    assert (head["manifest"], head["quality"], head["form"]) == ("cotam transcode", 30, "folder")
    assert [row["key"] for row in rows] == sorted(row["key"] for row in rows)
    by_key = {row["key"]: row for row in rows}
    assert len(by_key) == PICTURES
    assert by_key["3.png"]["status"] == "failed"
    row = by_key["below/8.png"]
    assert (row["status"], row["file"], row["bytes"]) == ("done", "below/8.cotam", len(streams[8]))
    assert row["sha256"] == hashlib.sha256(streams[8]).hexdigest()
    assert row["bytes_in"] == len(png(8))


def test_names_that_differ_in_the_suffix_alone_keep_it(coding, tmp_path, png):
    (tmp_path / "in").mkdir()
    for name in ("a.png", "a.webp", "b.png"):
        (tmp_path / "in" / name).write_bytes(png(0))
    transcode(tmp_path / "in", tmp_path / "out", coding)
    found = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert found == ["a.png.cotam", "a.webp.cotam", "b.cotam", "manifest.jsonl"]


def test_a_folder_becomes_shards_of_so_many_streams(pictures, coding, streams, tmp_path):
    check(transcode(pictures, tmp_path / "out", coding, form="webdataset", per_unit=4))
    assert sorted(path.name for path in (tmp_path / "out").glob("*")) == [
        "manifest.jsonl",
        *(f"shard-{n:06}.tar" for n in range(3)),
    ]
    samples = [s for n in range(3) for s in read_samples(tmp_path / "out" / f"shard-{n:06}.tar")]
    assert [sample.key for sample in samples] == [*(f"{n}" for n in GOOD if n < 8), "below/8", "below/9"]
    assert [sample.members["cotam"].read() for sample in samples] == [streams[n] for n in GOOD]
    assert json.loads(samples[-1].members["json"].read()) == {"path": "below/9.png"}


def test_a_folder_becomes_a_table_that_datasets_know_as_pictures(pictures, coding, streams, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    check(transcode(pictures, tmp_path / "out", coding, form="parquet"))
    table = parquet.read_table(tmp_path / "out" / "shard-000000.parquet")
    assert [row["bytes"] for row in table["image"].to_pylist()] == [streams[n] for n in GOOD]
    assert table["path"].to_pylist()[-1] == "below/9.png"
    assert json.loads(table.schema.metadata[b"huggingface"])["info"]["features"] == {
        "image": {"_type": "Image"}
    }


def test_shards_keep_their_names_and_the_other_files_of_their_samples(shards, coding, streams, tmp_path):
    check(transcode(shards, tmp_path / "out", coding), items=14)
    found = members(tmp_path / "out" / "train" / "0.tar")
    assert list(found) == [
        *(f"{n:03}.{suffix}" for n in (0, 1, 2, 4) for suffix in ("cotam", "txt")),
        "pair.left.cotam",
        "pair.right.cotam",
    ]
    assert (found["004.cotam"], found["004.txt"]) == (streams[4], b"text 4")
    assert (found["pair.left.cotam"], found["pair.right.cotam"]) == (streams[20], streams[21])


def test_a_table_keeps_its_rows_and_columns(tables, coding, streams, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    check(transcode(tables, tmp_path / "out", coding))
    first, second = (parquet.read_table(tmp_path / "out" / f"{n}.parquet") for n in range(2))
    assert first.column_names == ["id", "image", "text"]
    assert first["id"].to_pylist() == [0, 1, 2, 4]
    assert second["text"].to_pylist() == [f"text {n}" for n in range(5, 10)]
    assert [row["bytes"] for row in second["image"].to_pylist()] == [streams[n] for n in range(5, 10)]
    assert b"Image" in second.schema.metadata[b"huggingface"]


def test_processes_do_not_change_the_result(shards, coding, tmp_path):
    transcode(shards, tmp_path / "one", coding)
    transcode(shards, tmp_path / "two", coding, workers=2)
    files = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert len(files) >= 3
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


def test_of_a_damaged_shard_what_lies_before_the_damage_is_coded(
    shards, coding, streams, tmp_path, png, write_tar
):
    whole = (shards / "train" / "1.tar").read_bytes()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.tar").write_bytes(whole[: 512 * 9])
    write_tar(tmp_path / "in" / "b.tar", {"x.png": png(0)})
    report = transcode(tmp_path / "in", tmp_path / "out", coding)
    assert [record.key for record in report.failed][-1] == "a.tar"
    assert "no whole uncompressed tar file" in report.failed[-1].reason
    assert members(tmp_path / "out" / "a.tar")["005.cotam"] == streams[5]
    assert members(tmp_path / "out" / "b.tar") == {"x.cotam": streams[0]}


def test_a_batch_with_a_damaged_picture_loses_that_one_alone(pictures, coding, streams, tmp_path):
    together = Coding(coding.model, coding.quality, batch=4)
    check(transcode(pictures, tmp_path / "out", together))
    assert (tmp_path / "out" / "2.cotam").read_bytes() == streams[2]
