"""A run: what is still to do is coded, written and recorded, item by item."""

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from cotam.data.listing import DataSet, Form, open_data_set
from cotam.data.places import Item
from cotam.data.tables import require_pyarrow
from cotam.errors import DatasetError
from cotam.images.writing import PARTS
from cotam.transcoding.coding import Coded, Coding, Engine, check_coding, reason_of
from cotam.transcoding.manifest import Manifest, Record
from cotam.transcoding.pool import code_here, code_in_processes
from cotam.transcoding.sealing import NewShard, SameShard, Sealer
from cotam.transcoding.tables import NewTable, SameTable
from cotam.transcoding.targets import FolderTarget, Target, UnitTarget

PER_UNIT = 10_000
"""Streams of a shard or table that is made of a folder: some 10 MB."""
FULL = (errno.ENOSPC, errno.EDQUOT)
"""Errors of a disk without room."""
OF_THE_NAME = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL, errno.EISDIR, errno.ENOTDIR, errno.EEXIST)
"""Errors of one file's name or place, where others can still be written."""


@dataclass
class Report:
    """What a run did, and what there is now."""

    items: int
    """Pictures of the source."""
    before: int
    """Of these, done or failed in earlier runs."""
    done: int = 0
    """Coded in this run."""
    failed: list[Record] = field(default_factory=list)
    """All that failed, in earlier runs too."""
    bytes_in: int = 0
    """Size of the pictures that were coded in this run."""
    bytes_out: int = 0
    """Size of their streams."""
    seconds: float = 0.0
    """Time of the run."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        own = {name: getattr(self, name) for name in ("items", "before", "done", "bytes_in", "bytes_out")}
        return {
            **own,
            "seconds": self.seconds,
            "items_per_second": self.done / self.seconds if self.seconds else None,
            "failed": [{"key": record.key, "reason": record.reason} for record in self.failed],
        }


def transcode(
    source: str | Path,
    target: str | Path,
    coding: Coding | None = None,
    *,
    form: Form | None = None,
    column: str | None = None,
    per_unit: int = PER_UNIT,
    workers: int = 1,
    retry: bool = False,
    engine: Engine | None = None,
    advance: Callable[[int, int, Record | None], None] = lambda done, items, record: None,
) -> Report:
    """Code all pictures of a data set that are not coded yet.

    Args:
        source: a folder of pictures, WebDataset shards or Parquet files; see `cotam.data.listing.open_data_set`.
        target: folder of the streams and the manifest; new, empty, or of the same run.
        coding: how.
        form: of the target; by default that of the source, which shards and tables keep in any case.
        column: of the pictures in tables.
        per_unit: streams of a shard or table, where the source is a folder.
        workers: processes; with 1 this one codes.
        retry: code again what failed before; of shards and tables that are finished, the whole file.
        engine: what codes, in place of ``workers``.
        advance: is told how many items are settled, of how many, and of the last one.

    Raises:
        DatasetError: no such data set; or the target holds another run's manifest, or something else; or the disk is
            full: what was written stays and is gone on from.
        ModelError: no such codec.
        OSError: the target cannot be written; likewise.
        ValueError: an option out of range.
    """
    coding, began = coding or Coding(), time.monotonic()
    check_coding(coding)
    if workers < 1 or per_unit < 1:
        raise ValueError(f"workers and streams of a file must be at least 1, not {workers} and {per_unit}")
    data = open_pictures(source, Path(target), column)
    form = _form(data, form)
    settings = {
        "source": str(data.top.resolve()),
        "form": form,
        "column": data.column,
        **coding.description(),
    }
    with _room_wanted(target), Manifest(Path(target), settings) as manifest:
        run = _Run(data, Path(target), form, per_unit, manifest)
        run.forget_lost()
        if retry:
            run.forget_failed()
        coded = (engine or _engine(workers))(run.pending(), coding)
        with closing(run.target), closing(coded):
            return run.carry_out(coded, began, advance)


@contextmanager
def _room_wanted(target: str | Path) -> Iterator[None]:
    """Say it in words when the disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise DatasetError(
            f"{target}: the disk is full; the same command goes on when there is room"
        ) from error


def open_pictures(source: str | Path, target: Path, column: str | None) -> DataSet:
    """Find the pictures.

    Raises:
        DatasetError: there is none, or the target lies in the source.
    """
    from cotam.images.finding import image_suffixes

    data = open_data_set(source, image_suffixes() - {".cotam"}, column)
    if data.form == "parquet":
        require_pyarrow()
    if target.resolve().is_relative_to(data.top.resolve()) and Path(source).is_dir():
        raise DatasetError(f"{target}: lies in {source}; name a folder outside of it")
    return data


def _form(data: DataSet, form: Form | None) -> Form:
    if form is None or form == data.form:
        return data.form
    if data.form != "folder":
        raise ValueError(f"{data.form} stays {data.form}: only a folder of pictures can become {form}")
    if form == "parquet":
        require_pyarrow()
    return form


def _engine(workers: int) -> Engine:
    return code_here if workers == 1 else partial(code_in_processes, workers=workers)


def _sealer(source: DataSet, form: Form) -> Sealer:
    """The sealer for files of a form, made of a data set of its own or another form."""
    if form == "webdataset":
        return NewShard() if source.form == "folder" else SameShard(source)
    return NewTable() if source.form == "folder" else SameTable(source)


class _Run:
    def __init__(self, data: DataSet, top: Path, form: Form, per_unit: int, manifest: Manifest) -> None:
        self.data, self.top, self.manifest = data, top, manifest
        self.records, self.before = manifest.records, 0
        self.target: Target
        if form == "folder":
            self.target = FolderTarget(top, (item.key for item in data.items()))
        else:
            self.target = UnitTarget(top, _sealer(data, form), self.records, per_unit)
        for stray in top.rglob(PARTS):
            stray.unlink(missing_ok=True)

    def forget_lost(self) -> None:
        """Have done again what is no longer where the manifest says."""
        lost = [r.key for r in self.records.values() if r.done and not self.target.kept(r)]
        for key in lost:
            del self.records[key]

    def forget_failed(self) -> None:
        """Have done again what failed; a finished shard or table is made anew as a whole."""
        failed = {record.unit for record in self.records.values() if not record.done} - {""}
        units = {unit for unit in failed if (self.top / unit).is_file()}
        for unit in units:
            (self.top / unit).unlink()
        for record in list(self.records.values()):
            if not record.done or record.unit in units:
                del self.records[record.key]

    def carry_out(
        self, results: Iterator[Coded], began: float, advance: Callable[[int, int, Record | None], None]
    ) -> Report:
        report = Report(self.data.count(), 0)
        advance(0, report.items, None)
        for number, coded in enumerate(results, start=1):
            record = self._settle(coded)
            report.done += record.done
            report.bytes_in += record.bytes_in if record.done else 0
            report.bytes_out += record.bytes
            advance(self.before + number, report.items, record)
        self.target.finish()
        report.before = self.before
        report.failed = [record for record in self.records.values() if not record.done]
        report.seconds = time.monotonic() - began
        return report

    def pending(self) -> Iterator[Item]:
        """What is still to do; counts what is not."""
        for item in self.data.items():
            if item.key in self.records:
                self.before += 1
            else:
                yield item

    def _settle(self, coded: Coded) -> Record:
        """Write a stream first and its line after that: what has a line is there."""
        try:
            record = self._written(coded)
        except OSError as error:
            if error.errno not in OF_THE_NAME:
                raise
            record = _failed(coded, reason_of(error))
        self.manifest.append([record])
        return record

    def _written(self, coded: Coded) -> Record:
        if coded.stream is None:
            return _failed(coded, coded.reason)
        file, offset = self.target.write(coded)
        size, digest = len(coded.stream), sha256(coded.stream).hexdigest()
        return Record(
            coded.key, coded.unit, "done", file, offset, size, bytes_in=coded.bytes_in, sha256=digest
        )


def _failed(coded: Coded, reason: str) -> Record:
    return Record(coded.key, coded.unit, "failed", bytes_in=coded.bytes_in, reason=reason)
