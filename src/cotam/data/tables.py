"""Pictures in Parquet files, as Hugging Face's data sets hold them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cotam.data.places import Cell
from cotam.errors import DatasetError

if TYPE_CHECKING:
    import pyarrow

FEATURES = b"huggingface"
"""Key of a schema's metadata under which `datasets` keeps what its columns are."""


def image_metadata(column: str) -> dict[bytes, bytes]:
    """Metadata of a schema by which `datasets` knows a column of pictures."""
    return {FEATURES: json.dumps({"info": {"features": {column: {"_type": "Image"}}}}).encode()}


def image_type() -> "pyarrow.DataType":
    """Type of a column of pictures, as `datasets` has it."""
    import pyarrow as pa

    return pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def require_pyarrow() -> None:
    """Find out that Parquet cannot be read or written before any work is done.

    Raises:
        DatasetError: pyarrow is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise DatasetError("Parquet needs pyarrow: pip install 'cotam[data]'") from error


def open_table(path: Path) -> Any:
    """Open a Parquet file.

    Raises:
        DatasetError: it cannot be read.
    """
    require_pyarrow()
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(f"{path}: no Parquet file that can be read ({error})") from error


def image_column(path: Path, wanted: str | None) -> str:
    """The column with the pictures: the one that is wanted, or the only one that looks like it.

    Raises:
        DatasetError: there is none, there are several, or it holds no bytes.
    """
    schema = open_table(path).schema_arrow
    looks = [name for name in schema.names if _holds_bytes(schema.field(name).type)]
    declared = [name for name in _declared(schema) if name in looks]
    if wanted is not None:
        if wanted not in looks:
            names = ", ".join(looks) or "none"
            raise DatasetError(f"{path}: column {wanted!r} holds no pictures; columns of bytes are: {names}")
        return wanted
    found = declared or looks
    if len(found) != 1:
        problem = "several columns may hold pictures" if found else "no column holds pictures"
        raise DatasetError(f"{path}: {problem} ({', '.join(found or schema.names)}); name one with --column")
    return found[0]


def table_cells(path: Path, column: str) -> Iterator[Cell]:
    """Where the pictures of a file are, in order.

    Raises:
        DatasetError: the file cannot be read.
    """
    metadata = open_table(path).metadata
    for group in range(metadata.num_row_groups):
        for row in range(metadata.row_group(group).num_rows):
            yield Cell(str(path), column, group, row)


def picture_of(cell: Cell) -> bytes:
    """The bytes of a picture; of one that is named only, those of that file.

    Raises:
        DatasetError: the cell is empty, or the file damaged or not what was listed.
        OSError: the file cannot be read.
    """
    try:
        value = _group(cell.path, _stamp(cell.path), cell.group, cell.column)[cell.row].as_py()
    except LookupError as error:
        raise DatasetError(f"{cell.path}: has changed since it was listed") from error
    if isinstance(value, Mapping):
        data, name = value.get("bytes"), value.get("path")
        value = data if data is not None or name is None else (Path(cell.path).parent / name).read_bytes()
    if not isinstance(value, bytes):
        raise DatasetError(f"{cell.path}: row {cell.row} of row group {cell.group} holds no picture")
    return value


def fields_of(cell: Cell) -> dict[str, Any]:
    """The other columns of a picture's row."""
    table = _fields(cell.path, _stamp(cell.path), cell.group, cell.column)
    return {name: table.column(name)[cell.row].as_py() for name in table.column_names}


def other_columns(file: Any, column: str) -> list[str]:
    """Names of the columns of an open table beside one."""
    return [name for name in file.schema_arrow.names if name != column]


def read_group(path: str | Path, file: Any, group: int, columns: Sequence[str]) -> "pyarrow.Table":
    """Read some columns of a row group of an open table.

    Raises:
        DatasetError: it cannot be read.
    """
    import pyarrow as pa

    try:
        return file.read_row_group(group, columns=list(columns))
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(f"{path}: row group {group} cannot be read ({error})") from error


def _stamp(path: str) -> tuple[int, int]:
    """What tells a file from the one that had its name before."""
    found = Path(path).stat()
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=1)
def _group(path: str, stamp: tuple[int, int], group: int, column: str) -> Any:
    """The last row group is kept, as rows are mostly asked for in order."""
    return read_group(path, open_table(Path(path)), group, [column]).column(column).combine_chunks()


@lru_cache(maxsize=1)
def _fields(path: str, stamp: tuple[int, int], group: int, column: str) -> Any:
    file = open_table(Path(path))
    return read_group(path, file, group, other_columns(file, column))


def description(schema: "pyarrow.Schema") -> dict[str, Any]:
    """What `datasets` wrote about a table, with features by name; nothing where that is not as it writes it."""
    try:
        known = _mapping(json.loads((schema.metadata or {}).get(FEATURES, b"{}")))
    except ValueError:
        known = {}
    info = _mapping(known.get("info"))
    return {**known, "info": {**info, "features": _mapping(info.get("features"))}}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _declared(schema: "pyarrow.Schema") -> list[str]:
    """Columns that `datasets` calls pictures."""
    features = description(schema)["info"]["features"]
    return [name for name, feature in features.items() if _mapping(feature).get("_type") == "Image"]


def _holds_bytes(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return kind.get_field_index("bytes") >= 0
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
