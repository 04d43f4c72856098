"""Where the bytes of a picture lie: in a file, in a part of one, or in a cell of a table.

A place is small and can be sent to another process or machine, which reads the bytes there.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

from cotam.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of a file: ``length`` of them from ``start`` on, or all."""

    path: str
    start: int = 0
    length: int = -1

    def read(self) -> bytes:
        """The bytes.

        Raises:
            OSError: the file cannot be read.
            DatasetError: it is shorter than it was.
        """
        with Path(self.path).open("rb") as file:
            file.seek(self.start)
            data = file.read(self.length)
        if len(data) < self.length:
            raise DatasetError(f"{self.path}: is truncated")
        return data


@dataclass(frozen=True, slots=True)
class Cell:
    """A picture of a Parquet file."""

    path: str
    column: str
    group: int
    """Number of the row group."""
    row: int
    """Number of the row inside its group."""

    def read(self) -> bytes:
        """The picture's bytes; errors as those of `Span.read`."""
        from cotam.data.tables import picture_of

        return picture_of(self)


@dataclass(frozen=True, slots=True)
class Nowhere:
    """In place of a file's pictures that cannot be listed."""

    reason: str

    def read(self) -> bytes:
        """Raise a DatasetError that says why."""
        raise DatasetError(self.reason)


Place: TypeAlias = Span | Cell | Nowhere


class Item(NamedTuple):
    """A picture of a data set."""

    key: str
    """Its name, which no other has: a path from the top of the data set, or a file's and the place in it."""
    unit: str
    """File of the data set that it belongs to, from the top; empty in folders, where each picture is a file."""
    place: Place
    """Where its bytes are."""
    fields: tuple[tuple[str, Span], ...] = ()
    """Other files of its sample in a shard, by suffix."""
