"""Runs that are broken off and gone on with, and targets that belong to something else."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from cotam.errors import DatasetError, ModelError
from cotam.transcoding import Coding, transcode

PICTURES = 10


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


@pytest.mark.parametrize(
    "content",
    [
        "",
        "text\n",
        "text",
        '{"other": 1}',
        '{"other": 1}\n{"another": 2}',
        '{"manifest": "cotam transcode"}\n3\n',
        "[" * 9,
        "\0",
    ],
)
def test_a_folder_that_holds_something_else_is_refused_and_left_as_it_is(content, pictures, coding, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    file = out / ("manifest.jsonl" if content else "other.txt")
    file.write_text(content)
    with pytest.raises(DatasetError, match="name another folder"):
        transcode(pictures, out, coding)
    assert [path.name for path in out.iterdir()] == [file.name]
    assert file.read_text() == content


def test_a_first_line_that_was_cut_off_is_written_again(pictures, coding, tmp_path):
    transcode(pictures, tmp_path / "whole", coding)
    head = (tmp_path / "whole" / "manifest.jsonl").read_bytes().partition(b"\n")[0]
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.jsonl").write_bytes(head[:-3])
    transcode(pictures, tmp_path / "out", coding)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert rows(tmp_path / "out") == rows(tmp_path / "whole")


def test_two_runs_at_once_do_not_write_into_one_folder(pictures, coding, tmp_path):
    def second(done: int, items: int, record: object) -> None:
        transcode(pictures, tmp_path / "out", coding)

    with pytest.raises(DatasetError, match="another cotam transcode is writing here"):
        transcode(pictures, tmp_path / "out", coding, advance=second)


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


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_device_that_is_not_there_is_named_by_whoever_codes(workers, pictures, coding, tmp_path, capfd):
    with pytest.raises(ValueError, match="no CUDA device is available"):
        transcode(pictures, tmp_path / "out", dataclasses.replace(coding, device="cuda"), workers=workers)
    assert "Traceback" not in capfd.readouterr().err
