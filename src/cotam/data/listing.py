"""What pictures a data set has: a folder of files, WebDataset shards, or Parquet files."""

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cotam.data.places import Item, Nowhere, Span
from cotam.data.shards import named_samples
from cotam.data.tables import image_column, table_cells
from cotam.errors import DatasetError, ImageError

Form = Literal["folder", "webdataset", "parquet"]
SHARD, TABLE = ".tar", ".parquet"
RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
"""Such as ``{000..331}`` in the name of a shard."""


@dataclass(frozen=True)
class DataSet:
    """Pictures by name, in an order that does not change."""

    top: Path
    """What names begin at; absolute, as the files are, since not every process that reads them is in this folder."""
    form: Form
    files: tuple[Path, ...]
    """Pictures, shards or tables."""
    suffixes: frozenset[str]
    """Suffixes of pictures in shards, lower case with the dot."""
    column: str | None = None
    """Of the pictures in tables."""

    def items(self) -> Iterator[Item]:
        """All pictures. For a file that is damaged stands one that cannot be read."""
        for path in self.files:
            name = path.relative_to(self.top).as_posix()
            if self.form == "folder":
                yield Item(name, "", Span(str(path)))
                continue
            try:
                yield from self._shard(path, name) if self.form == "webdataset" else self._table(path, name)
            except DatasetError as error:
                yield Item(name, name, Nowhere(str(error)))

    def _shard(self, path: Path, name: str) -> Iterator[Item]:
        for sample in named_samples(path):
            for suffix, span in sample.members.items():
                if is_picture(suffix, self.suffixes):
                    others = tuple(pair for pair in sample.members.items() if pair[0] != suffix)
                    yield Item(f"{name}/{sample.key}.{suffix}", name, span, others)

    def _table(self, path: Path, name: str) -> Iterator[Item]:
        column = image_column(path, self.column)
        for number, cell in enumerate(table_cells(path, column)):
            yield Item(f"{name}/{number}", name, cell)

    def count(self) -> int:
        """How many items there are."""
        if self.form == "folder":
            return len(self.files)
        return sum(1 for _ in self.items())


def is_picture(suffix: str, suffixes: Collection[str]) -> bool:
    """Whether a member ``key.SUFFIX`` of a shard is a picture; of ``left.jpg`` the last part counts."""
    return f".{suffix.lower().rpartition('.')[2]}" in suffixes


def open_data_set(path: str | Path, suffixes: Collection[str], column: str | None = None) -> DataSet:
    """Find the pictures of a data set.

    Args:
        path: a folder of pictures, shards or tables; a shard (``.tar``, also several as ``x-{000..331}.tar``) or a
            table (``.parquet``).
        suffixes: of pictures, lower case with the dot.
        column: of the pictures in tables; by default the only one that looks like it.

    Raises:
        DatasetError: there is nothing, several kinds of things, or a folder that cannot be read.
    """
    paths = expanded(path)
    for one in paths:
        if not one.exists():
            raise DatasetError(f"{one}: no such file or folder")
    if paths[0].is_dir():
        top, form, files = paths[0], *_inside(paths[0], frozenset(suffixes))
    else:
        top, form, files = Path(os.path.commonpath([p.parent for p in paths])), _form_of(paths), paths
    if column is not None and form != "parquet":
        raise DatasetError(f"{path}: a column is a matter of Parquet files, and this holds none")
    if form == "parquet":
        column = image_column(files[0], column)
    absolute = tuple(file.absolute() for file in files)
    return DataSet(top.absolute(), form, absolute, frozenset(suffixes), column)


def expanded(path: str | Path) -> list[Path]:
    """The files that a name with a range stands for, such as ``x-{000..331}.tar``."""
    text = str(path)
    found = RANGE.search(text)
    if found is None:
        return [Path(text)]
    first, last = int(found[1]), int(found[2])
    names = [
        f"{text[: found.start()]}{n:0{len(found[1])}}{text[found.end() :]}" for n in range(first, last + 1)
    ]
    if not names:
        raise DatasetError(f"{text}: the range {found[0]} is empty")
    return [one for name in names for one in expanded(name)]


def _inside(folder: Path, suffixes: frozenset[str]) -> tuple[Form, list[Path]]:
    from cotam.images.finding import find_files

    try:
        found = find_files(folder, suffixes | {SHARD, TABLE})
    except ImageError as error:
        raise DatasetError(str(error)) from error
    tars = [p for p in found if p.suffix.lower() == SHARD]
    tables = [p for p in found if p.suffix.lower() == TABLE]
    files = tars or tables or found
    if not files:
        raise DatasetError(
            f"{folder}: neither pictures nor shards (.tar) nor tables (.parquet) in this folder"
        )
    if len(files) != len(found):
        raise DatasetError(
            f"{folder}: pictures, shards (.tar) and tables (.parquet) cannot be mixed in a folder"
        )
    form: Form = "webdataset" if tars else "parquet" if tables else "folder"
    return form, files


def _form_of(paths: list[Path]) -> Form:
    kinds = {path.suffix.lower() for path in paths}
    if kinds == {SHARD}:
        return "webdataset"
    if kinds == {TABLE}:
        return "parquet"
    raise DatasetError(f"{paths[0]}: must be a folder, a shard (.tar) or a table (.parquet)")
