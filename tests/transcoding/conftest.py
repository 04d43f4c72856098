"""Data sets of small pictures in all forms, and a codec of random weights."""

import io
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cotam.transcoding import Coding

PICTURES = 10
DAMAGED = 3


def png_of(number: int) -> bytes:
    small = np.random.default_rng(number).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(small).resize((32, 24), Image.Resampling.BICUBIC).save(buffer, "PNG")
    return buffer.getvalue() if number != DAMAGED else buffer.getvalue()[:60]


def tar_of(path: Path, files: Mapping[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


@pytest.fixture(scope="session")
def png() -> Callable[[int], bytes]:
    """`png_of`."""
    return png_of


@pytest.fixture(scope="session")
def write_tar() -> Callable[..., Path]:
    """`tar_of`."""
    return tar_of


@pytest.fixture(scope="session")
def coding(random_model_path: Path) -> Coding:
    return Coding(str(random_model_path), 30)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten pictures, one of them damaged, two in a folder below."""
    top = tmp_path_factory.mktemp("pictures")
    (top / "below").mkdir()
    for number in range(PICTURES):
        (top / ("below" if number > 7 else "") / f"{number}.png").write_bytes(png_of(number))
    (top / "notes.txt").write_text("no picture")
    return top


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two WebDataset shards of five samples; one of a sample of two pictures."""
    top = tmp_path_factory.mktemp("shards")
    for shard in range(2):
        files = {}
        for number in range(5 * shard, 5 * shard + 5):
            files |= {f"{number:03}.png": png_of(number), f"{number:03}.txt": f"text {number}".encode()}
        tar_of(
            top / "train" / f"{shard}.tar",
            files | {"pair.left.png": png_of(20), "pair.right.png": png_of(21)},
        )
    return top


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two Parquet files of five rows in row groups of two."""
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    from cotam.data.tables import image_metadata, image_type

    top = tmp_path_factory.mktemp("tables")
    schema = pa.schema(
        [("id", pa.int64()), ("image", image_type()), ("text", pa.string())], metadata=image_metadata("image")
    )
    for file in range(2):
        numbers = range(5 * file, 5 * file + 5)
        columns = {
            "id": list(numbers),
            "image": [{"bytes": png_of(number), "path": f"{number}.png"} for number in numbers],
            "text": [f"text {number}" for number in numbers],
        }
        parquet.write_table(pa.table(columns, schema=schema), top / f"{file}.parquet", row_group_size=2)
    return top
