import json
import zipfile
from pathlib import Path

import pytest

from cotam.errors import BitstreamError
from cotam.evaluation.exactness import Sample
from cotam.evaluation.exactness_archive import MANIFEST, read_archive, write_archive

SAMPLES = [
    Sample("a.png", 10.0, True, b"first", "0" * 64),
    Sample("ü/b.png", 50.0, False, b"second", "f" * 64),
]


def rewrite(path: Path, manifest: object, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr(MANIFEST, manifest if isinstance(manifest, str) else json.dumps(manifest))
        for name, data in members.items():
            archive.writestr(name, data)


def row(**changes: object) -> dict[str, object]:
    return {"file": "0.cotam", "picture": "a", "quality": 1, "uniform": True, "sha256": "0" * 64, **changes}


def manifest(*rows: object, **changes: object) -> dict[str, object]:
    return {"format": "cotam-exactness", "version": 1, "origin": {}, "streams": list(rows), **changes}


def test_samples_come_back_with_their_origin(tmp_path: Path):
    write_archive(tmp_path / "x.zip", SAMPLES, {"machine": {"cpu": "some"}})
    assert read_archive(tmp_path / "x.zip") == (SAMPLES, {"machine": {"cpu": "some"}})


def test_the_same_samples_make_the_same_file(tmp_path: Path):
    for name in ("x.zip", "y.zip"):
        write_archive(tmp_path / name, SAMPLES, {})
    assert (tmp_path / "x.zip").read_bytes() == (tmp_path / "y.zip").read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        "no json",
        "[" * 100_000,
        [],
        {},
        manifest(format="other"),
        manifest(version=2),
        manifest(row(sha256="short")),
        manifest(row(sha256=5)),
        manifest(row(file="missing.cotam")),
        manifest("row"),
        manifest(streams=None),
    ],
)
def test_a_damaged_manifest_is_refused_by_file_name(tmp_path: Path, content: object):
    rewrite(tmp_path / "x.zip", content, {"0.cotam": b"data"})
    with pytest.raises(BitstreamError, match=r"x\.zip"):
        read_archive(tmp_path / "x.zip")


def test_compressed_members_are_refused_before_anything_is_unpacked(tmp_path: Path):
    rewrite(tmp_path / "x.zip", manifest(row()), {"0.cotam": bytes(10_000_000)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(BitstreamError, match="stored, not compressed"):
        read_archive(tmp_path / "x.zip")


def test_altered_bytes_inside_are_noticed(tmp_path: Path):
    write_archive(tmp_path / "x.zip", SAMPLES, {})
    data = (tmp_path / "x.zip").read_bytes()
    (tmp_path / "x.zip").write_bytes(data.replace(b"first", b"fired", 1))
    with pytest.raises(BitstreamError, match=r"x\.zip"):
        read_archive(tmp_path / "x.zip")


def test_no_zip_a_cut_one_and_none_at_all_are_refused(tmp_path: Path):
    write_archive(tmp_path / "x.zip", SAMPLES, {})
    data = (tmp_path / "x.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(data[:-30])
    (tmp_path / "text.zip").write_bytes(b"no zip")
    for name in ("cut.zip", "text.zip", "none.zip", "."):
        with pytest.raises(BitstreamError):
            read_archive(tmp_path / name)
