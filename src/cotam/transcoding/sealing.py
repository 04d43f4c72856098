"""Finished shards and tables, made of their streams and of what else the source has beside its pictures."""

import io
import json
import os
import secrets
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cotam.data.decoding import EXTENSION
from cotam.data.listing import SHARD, DataSet, is_picture
from cotam.data.places import Span
from cotam.data.shards import Sample, read_samples
from cotam.errors import DatasetError
from cotam.transcoding.manifest import Record
from cotam.transcoding.spool import spool_path


class Sealer(Protocol):
    """Makes a file of the streams in its spool."""

    suffix: str
    """Of the files."""

    def seal(self, path: Path, records: Sequence[Record]) -> None:
        """Write a file, whole or not at all; its streams are in the order of the records."""


@dataclass(frozen=True)
class NewShard:
    """A WebDataset shard of streams from a folder: ``key.cotam`` and ``key.json``, which names the picture."""

    suffix: str = SHARD

    def seal(self, path: Path, records: Sequence[Record]) -> None:
        """See `Sealer`."""
        taken: set[str] = set()
        with _shard(path) as shard:
            for record, stream in streams(path, records):
                key = _free(sample_key(record.key), taken)
                _add(shard, f"{key}.{EXTENSION}", stream)
                _add(shard, f"{key}.json", json.dumps({"path": record.key}).encode())


@dataclass(frozen=True)
class SameShard:
    """A shard with streams in place of pictures, and the other files of its samples as they are.

    A sample of which a picture failed is left out.
    """

    source: DataSet
    suffix: str = SHARD

    def seal(self, path: Path, records: Sequence[Record]) -> None:
        """See `Sealer`."""
        unit = records[0].unit
        spans = {record.key: Span(str(spool_path(path)), record.offset, record.bytes) for record in records}
        with _shard(path) as shard:
            for sample in whole_samples(self.source.top / unit):
                for name, span in self._members(sample, unit, spans):
                    _add(shard, name, span.read())

    def _members(self, sample: Sample, unit: str, spans: Mapping[str, Span]) -> list[tuple[str, Span]]:
        pictures = [name for name in sample.members if is_picture(name, self.source.suffixes)]
        keys = {name: f"{unit}/{sample.key}.{name}" for name in pictures}
        if any(key not in spans for key in keys.values()):
            return []
        alone = len({_stem(name) for name in pictures}) == len(pictures)
        members = []
        for name, span in sample.members.items():
            if name in keys:
                new = f"{_stem(name) if alone else name + '.'}{EXTENSION}"
                members.append((f"{sample.key}.{new}", spans[keys[name]]))
            else:
                members.append((f"{sample.key}.{name}", span))
        return members


def streams(path: Path, records: Sequence[Record]) -> Iterator[tuple[Record, bytes]]:
    """The streams in the spool of a file.

    Raises:
        DatasetError: there are fewer bytes than the records say.
    """
    with spool_path(path).open("rb") as spool:
        for record in records:
            spool.seek(record.offset)
            stream = spool.read(record.bytes)
            if len(stream) != record.bytes:
                raise DatasetError(
                    f"{spool_path(path)}: is truncated; remove it to have {path.name} made anew"
                )
            yield record, stream


def whole_samples(shard: Path) -> Iterator[Sample]:
    """The samples of a shard up to where it is damaged, which was reported when it was listed."""
    try:
        yield from read_samples(shard)
    except DatasetError:
        return


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A place to write a file, which then takes its own place at once."""
    temporary = path.with_name(f".cotam-{secrets.token_hex(8)}.part")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def sample_key(key: str) -> str:
    """A sample's key for a picture: its path without the suffix, and without dots, which end a key."""
    folder, slash, name = key.rpartition("/")
    return folder + slash + (name.rpartition(".")[0] or name).replace(".", "_")


@contextmanager
def _shard(path: Path) -> Iterator[tarfile.TarFile]:
    with replaced(path) as temporary, tarfile.open(temporary, "w") as shard:
        yield shard


def _add(shard: tarfile.TarFile, name: str, data: bytes) -> None:
    """Add a file; nothing in its header differs from run to run."""
    header = tarfile.TarInfo(name)
    header.size = len(data)
    shard.addfile(header, io.BytesIO(data))
    shard.members.clear()  # type: ignore[attr-defined]  # else every header stays in memory


def _stem(suffix: str) -> str:
    """What is left of ``left.jpg`` before the last part: ``left.``; of ``jpg``, nothing."""
    head, dot, _ = suffix.rpartition(".")
    return head + dot


def _free(key: str, taken: set[str]) -> str:
    while key in taken:
        key += "_"
    taken.add(key)
    return key


def sealer_for(source: DataSet, form: str) -> Any:
    """The sealer for files of a form, made of a data set of its own or another form."""
    from cotam.transcoding.tables import NewTable, SameTable

    if form == "webdataset":
        return NewShard() if source.form == "folder" else SameShard(source)
    return NewTable() if source.form == "folder" else SameTable(source)
