"""Finished Parquet files, in which `datasets` knows the streams as pictures."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cotam.data.decoding import EXTENSION
from cotam.data.listing import TABLE, DataSet
from cotam.data.tables import (
    FEATURES,
    description,
    image_column,
    image_metadata,
    image_type,
    open_table,
    other_columns,
    read_group,
)
from cotam.images.writing import replacing
from cotam.transcoding.manifest import Record
from cotam.transcoding.sealing import check_all_met
from cotam.transcoding.spool import spooled

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
        with _writer(path, schema) as writer:
            for start in range(0, len(records), ROWS):
                rows = records[start : start + ROWS]
                images = [_image(record.key, spooled(path, record)) for record in rows]
                columns = {COLUMN: images, "path": [record.key for record in rows]}
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
        source = self.source.top / unit
        own = {record.key: record for record in records}
        met: set[str] = set()
        column = image_column(source, self.source.column)
        with open_table(source) as file, _writer(path, _with_images(file.schema_arrow, column)) as writer:
            for group in range(file.num_row_groups):
                rows = range(len(met), len(met) + file.metadata.row_group(group).num_rows)
                keys = [f"{unit}/{row}" for row in rows]
                met.update(keys)
                kept = [number for number, key in enumerate(keys) if key in own]
                images = [_image(None, spooled(path, own[keys[number]])) for number in kept]
                if images:
                    others = read_group(source, file, group, other_columns(file, column))
                    writer.write_table(_joined(others, kept, column, images, writer.schema))
            check_all_met(records, met, self.source, path)


def _joined(
    others: "pyarrow.Table",
    kept: Sequence[int],
    column: str,
    images: Sequence[dict[str, Any]],
    schema: "pyarrow.Schema",
) -> "pyarrow.Table":
    """The kept rows of a table, and a column beside them, which may be the only one."""
    import pyarrow as pa

    columns = {name: others.column(name).take(pa.array(kept, pa.int64())) for name in others.column_names}
    columns[column] = pa.array(images, type=image_type())
    return pa.table([columns[name] for name in schema.names], schema=schema)


@contextmanager
def _writer(path: Path, schema: "pyarrow.Schema") -> Iterator[Any]:
    from pyarrow import parquet

    with (
        replacing(path) as temporary,
        parquet.ParquetWriter(temporary, schema, compression="zstd") as writer,
    ):
        yield writer


def _image(key: str | None, stream: bytes) -> dict[str, Any]:
    name = None if key is None else Path(key).with_suffix(f".{EXTENSION}").name
    return {"bytes": stream, "path": name}


def _with_images(schema: "pyarrow.Schema", column: str) -> "pyarrow.Schema":
    """A schema in which the column holds pictures; what `datasets` knows of the others stays."""
    import pyarrow as pa

    known = description(schema)
    known["info"]["features"][column] = {"_type": "Image"}
    metadata = {**(schema.metadata or {}), FEATURES: json.dumps(known)}
    place = schema.get_field_index(column)
    return schema.set(place, pa.field(column, image_type())).with_metadata(metadata)
