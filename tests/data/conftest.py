"""Data sets of streams in all forms."""

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cotam import encode

SIZES = ((40, 24), (40, 24), (24, 40), (16, 16), (40, 24))


def picture(number: int) -> Image.Image:
    width, height = SIZES[number % len(SIZES)]
    small = np.random.default_rng(number).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def write_tar(path: Path, files: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


@pytest.fixture(scope="session")
def streams() -> list[bytes]:
    """Five streams of the shipped codec."""
    return [encode(picture(number), 20) for number in range(len(SIZES))]


@pytest.fixture(scope="session")
def folder(streams: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("streams")
    (top / "below").mkdir()
    for number, stream in enumerate(streams):
        (top / ("below" if number > 2 else "") / f"{number}.cotam").write_bytes(stream)
    return top


@pytest.fixture(scope="session")
def shards(streams: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two shards, of three and two samples."""
    top = tmp_path_factory.mktemp("shards")
    for shard, numbers in enumerate(([0, 1, 2], [3, 4])):
        files = {}
        for n in numbers:
            files |= {f"{n:04}.cotam": streams[n], f"{n:04}.txt": f"picture {n}".encode()}
            files |= {f"{n:04}.json": json.dumps({"n": n}).encode()}
        write_tar(top / f"part-{shard:02}.tar", files)
    return top


@pytest.fixture(scope="session")
def table(streams: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Parquet file of two row groups, as `datasets` writes it."""
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    from cotam.data.tables import image_metadata, image_type

    path = tmp_path_factory.mktemp("tables") / "train.parquet"
    schema = pa.schema([("n", pa.int64()), ("image", image_type())], metadata=image_metadata("image"))
    images = [{"bytes": stream, "path": None} for stream in streams]
    columns = {"n": list(range(len(streams))), "image": images}
    parquet.write_table(pa.table(columns, schema=schema), path, row_group_size=3)
    return path
