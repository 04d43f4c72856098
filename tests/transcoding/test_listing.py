"""What a source may hold that is out of the ordinary."""

import os
from pathlib import Path

import pytest
from transcoding.made_up import DAMAGED, contents, made_of, read_tar, run, write_tar

from cotam.data.listing import open_data_set
from cotam.errors import DatasetError

PNG = frozenset({".png", ".jpg", ".webp"})


def test_no_two_pictures_share_a_stream(tmp_path):
    (tmp_path / "in").mkdir()
    pictures = {"a.jpg": b"1", "a.png": b"2", "a.jpg.webp": b"3", "b.jpg": b"4"}
    for name, data in pictures.items():
        (tmp_path / "in" / name).write_bytes(data)
    run(tmp_path / "in", tmp_path / "out")
    assert contents(tmp_path / "out") == {
        "a.jpg.cotam": made_of(b"1"),
        "a.png.cotam": made_of(b"2"),
        "a.jpg.webp.cotam": made_of(b"3"),
        "b.cotam": made_of(b"4"),
    }


def test_of_a_shard_with_one_name_twice_the_second_is_refused_and_named(tmp_path):
    write_tar(tmp_path / "in" / "b.tar", {"y.png": b"y"})
    write_tar(tmp_path / "one.tar", {"x.png": b"1", "z.png": b"2"})
    write_tar(tmp_path / "two.tar", {"x.png": b"3", "w.png": b"4"})
    end = 4 * 512  # two headers and two contents
    whole = (tmp_path / "one.tar").read_bytes()[:end] + (tmp_path / "two.tar").read_bytes()
    (tmp_path / "in" / "a.tar").write_bytes(whole)
    report = run(tmp_path / "in", tmp_path / "out")
    (failed,) = report.failed
    assert failed.key == "a.tar"
    assert "holds two samples named x" in failed.reason
    assert read_tar(tmp_path / "out" / "a.tar") == {"x.cotam": made_of(b"1"), "z.cotam": made_of(b"2")}
    assert read_tar(tmp_path / "out" / "b.tar") == {"y.cotam": made_of(b"y")}


def test_a_stream_does_not_take_the_name_of_another_file_of_its_sample(tmp_path):
    write_tar(tmp_path / "in" / "a.tar", {"x.png": b"1", "x.cotam": b"not this"})
    run(tmp_path / "in", tmp_path / "out")
    assert read_tar(tmp_path / "out" / "a.tar") == {"x.png.cotam": made_of(b"1"), "x.cotam": b"not this"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "a.png").write_bytes(b"1")
    (tmp_path / "x").chmod(0)
    try:
        with pytest.raises(DatasetError, match="x: cannot be read"):
            open_data_set(tmp_path, PNG)
    finally:
        (tmp_path / "x").chmod(0o700)


def test_a_folder_whose_reading_fails_is_named(tmp_path, monkeypatch):
    (tmp_path / "x").mkdir()
    (tmp_path / "a.png").write_bytes(b"1")
    scandir = os.scandir

    def refused(path: str) -> object:
        if Path(path).name == "x":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(DatasetError, match=r"x: cannot be read \(Permission denied\)"):
        open_data_set(tmp_path, PNG)


def test_pictures_are_found_from_any_folder(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(b"1")
    monkeypatch.chdir(tmp_path)
    (item,) = open_data_set("in", PNG).items()
    monkeypatch.chdir("/")
    assert (item.key, item.place.read()) == ("a.png", b"1")


@pytest.fixture
def parquet():
    return pytest.importorskip("pyarrow.parquet")


def write_table(path: Path, columns: dict[str, list], rows: int = 2, metadata: bytes = b"") -> None:
    import pyarrow as pa
    from pyarrow import parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(columns)
    if metadata:
        table = table.replace_schema_metadata({"huggingface": metadata})
    parquet.write_table(table, path, row_group_size=rows)


def test_a_table_of_nothing_but_pictures_is_transcoded(parquet, tmp_path):
    write_table(tmp_path / "in" / "a.parquet", {"image": [b"1", DAMAGED, b"3"]})
    run(tmp_path / "in", tmp_path / "out")
    table = parquet.read_table(tmp_path / "out" / "a.parquet")
    assert table.column_names == ["image"]
    assert [row["bytes"] for row in table["image"].to_pylist()] == [made_of(b"1"), made_of(b"3")]


@pytest.mark.parametrize("damaged", [(0, 1), (4,), (0, 1, 2, 3)])
def test_row_groups_of_which_every_picture_failed_are_left_out(parquet, damaged, tmp_path):
    pictures = [DAMAGED if n in damaged else str(n).encode() for n in range(5)]
    write_table(tmp_path / "in" / "a.parquet", {"n": list(range(5)), "image": pictures, "t": list("abcde")})
    run(tmp_path / "in", tmp_path / "out")
    table = parquet.read_table(tmp_path / "out" / "a.parquet")
    good = [n for n in range(5) if n not in damaged]
    assert table.column_names == ["n", "image", "t"]
    assert table["n"].to_pylist() == good
    assert table["t"].to_pylist() == [list("abcde")[n] for n in good]
    assert [row["bytes"] for row in table["image"].to_pylist()] == [made_of(pictures[n]) for n in good]


@pytest.mark.parametrize(
    "metadata",
    [b'{"info": null}', b'{"info": {"features": null}}', b"[1]", b"{", b'{"info": {"features": {"n": 1}}}'],
)
def test_a_description_that_is_not_as_datasets_writes_it_does_no_harm(parquet, metadata, tmp_path):
    write_table(tmp_path / "in" / "a.parquet", {"n": [1], "image": [b"1"]}, metadata=metadata)
    run(tmp_path / "in", tmp_path / "out")
    described = parquet.read_schema(tmp_path / "out" / "a.parquet").metadata[b"huggingface"]
    assert b'"image": {"_type": "Image"}' in described


def test_other_columns_that_cannot_be_read_are_an_error_that_names_the_file(parquet, tmp_path):
    path = tmp_path / "in" / "a.parquet"
    text = [os.urandom(300).hex() for _ in range(2)]
    write_table(path, {"text": text, "image": [b"1", b"2"]})
    column = parquet.ParquetFile(path).metadata.row_group(0).column(0)
    data = bytearray(path.read_bytes())
    start = column.dictionary_page_offset or column.data_page_offset
    data[start : start + 20] = bytes(20)
    path.write_bytes(data)
    with pytest.raises(DatasetError, match=r"a\.parquet: row group 0 cannot be read"):
        run(tmp_path / "in", tmp_path / "out")


def test_a_table_that_was_replaced_is_read_anew(parquet, tmp_path):
    path = tmp_path / "a.parquet"
    for content in (b"first", b"then"):
        write_table(path, {"image": [content]})
        (item,) = open_data_set(path, PNG).items()
        assert item.place.read() == content
    write_table(path, {"image": [b"1", b"2"]})
    last = list(open_data_set(path, PNG).items())[-1]
    write_table(path, {"image": [b"1"]})
    with pytest.raises(DatasetError, match="has changed since it was listed"):
        last.place.read()
