"""Finished Parquet files, in which `datasets` knows the streams as pictures."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cotam.data.decoding import EXTENSION
from cotam.data.listing import TABLE, DataSet
from cotam.data.tables import FEATURES, image_column, image_metadata, image_type, open_table
from cotam.transcoding.manifest import Record
from cotam.transcoding.sealing import replaced, streams

if TYPE_CHECKING:
    import pyarrow

ROWS = 1000
"""Of a row group that is made of a folder."""
COLUMN = "image"


@dataclass(frozen=True)
class NewTable:
    """A Parquet file of streams from a folder: columns ``image`` and ``path``."""

    suffix: str = TABLE

    def seal(self, path: Path, records: Sequence[Record]) -> None:
        """See `cotam.transcoding.sealing.Sealer`."""
        import pyarrow as pa

        schema = pa.schema([(COLUMN, image_type()), ("path", pa.string())], metadata=image_metadata(COLUMN))
        found = streams(path, records)
        with _writer(path, schema) as writer:
            while rows := list(islice(found, ROWS)):
                images = [_image(record.key, stream) for record, stream in rows]
                columns = {COLUMN: images, "path": [record.key for record, _ in rows]}
                writer.write_table(pa.table(columns, schema=schema))


@dataclass(frozen=True)
class SameTable:
    """A Parquet file with streams in place of pictures, and the other columns as they are.

    A row whose picture failed is left out.
    """

    source: DataSet
    suffix: str = TABLE

    def seal(self, path: Path, records: Sequence[Record]) -> None:
        """See `cotam.transcoding.sealing.Sealer`."""
        unit = records[0].unit
        file = open_table(self.source.top / unit)
        column = image_column(self.source.top / unit, self.source.column)
        place = file.schema_arrow.get_field_index(column)
        images = {record.key: _image(None, stream) for record, stream in streams(path, records)}
        with _writer(path, _with_images(file.schema_arrow, column)) as writer:
            for others, keys in _groups(file, column, unit):
                kept = [number for number, key in enumerate(keys) if key in images]
                values = _array([images[keys[number]] for number in kept])
                table = others.take(kept).add_column(place, column, values)
                writer.write_table(table.cast(writer.schema))


def _groups(file: Any, column: str, unit: str) -> Iterator[tuple["pyarrow.Table", list[str]]]:
    """The other columns of every row group, and the keys of its rows."""
    others = [name for name in file.schema_arrow.names if name != column]
    first = 0
    for group in range(file.num_row_groups):
        count = file.metadata.row_group(group).num_rows
        yield file.read_row_group(group, columns=others), [f"{unit}/{n}" for n in range(first, first + count)]
        first += count


def _writer(path: Path, schema: "pyarrow.Schema") -> Any:
    from contextlib import contextmanager

    from pyarrow import parquet

    @contextmanager
    def writing() -> Iterator[Any]:
        with (
            replaced(path) as temporary,
            parquet.ParquetWriter(temporary, schema, compression="zstd") as writer,
        ):
            yield writer

    return writing()


def _image(key: str | None, stream: bytes) -> dict[str, Any]:
    name = None if key is None else Path(key).with_suffix(f".{EXTENSION}").name
    return {"bytes": stream, "path": name}


def _array(images: list[dict[str, Any]]) -> "pyarrow.Array":
    import pyarrow as pa

    return pa.array(images, type=image_type())


def _with_images(schema: "pyarrow.Schema", column: str) -> "pyarrow.Schema":
    """A schema in which the column holds pictures; what `datasets` knows of the others stays."""
    import pyarrow as pa

    place = schema.get_field_index(column)
    metadata = dict(schema.metadata or {})
    try:
        known = json.loads(metadata.get(FEATURES, b"{}"))
    except ValueError:
        known = {}
    features: Mapping[str, Any] = known.get("info", {}).get("features", {})
    known["info"] = {**known.get("info", {}), "features": {**features, column: {"_type": "Image"}}}
    metadata[FEATURES] = json.dumps(known).encode()
    return schema.set(place, pa.field(column, image_type())).with_metadata(metadata)
