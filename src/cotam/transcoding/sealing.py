"""Finished shards and tables, made of their streams and of what else the source has beside its pictures."""

import io
import json
import tarfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cotam.data.decoding import EXTENSION
from cotam.data.listing import SHARD, DataSet, is_picture
from cotam.data.shards import Sample, named_samples
from cotam.errors import DatasetError
from cotam.images.writing import replacing
from cotam.transcoding.manifest import Record
from cotam.transcoding.spool import spool_path, spooled


class Sealer(Protocol):
    """Makes a file of the streams in its spool."""

    @property
    def suffix(self) -> str:
        """Of the files."""

    def seal(self, path: Path, records: Sequence[Record]) -> None:
        """Write a file, whole or not at all; its streams are in the order of the records.

        Raises:
            DatasetError: the spool is damaged, or the source is no longer what was coded.
        """


@dataclass(frozen=True)
class NewShard:
    """A WebDataset shard of streams from a folder: ``key.cotam`` and ``key.json``, which names the picture."""

    suffix: str = SHARD

    def seal(self, path: Path, records: Sequence[Record]) -> None:
        """See `Sealer`."""
        taken: set[str] = set()
        with _shard(path) as shard:
            for record in records:
                key = _free(sample_key(record.key), taken)
                _add(shard, f"{key}.{EXTENSION}", spooled(path, record))
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
        own = {record.key: record for record in records}
        met: set[str] = set()
        with _shard(path) as shard:
            for sample in whole_samples(self.source.top / unit):
                keys = {name: f"{unit}/{sample.key}.{name}" for name in self._pictures(sample)}
                met |= set(keys.values())
                if not own.keys() >= set(keys.values()):
                    continue
                names = new_names(sample, keys)
                for name, span in sample.members.items():
                    data = spooled(path, own[keys[name]]) if name in keys else span.read()
                    _add(shard, f"{sample.key}.{names.get(name, name)}", data)
            check_all_met(records, met, self.source, path)

    def _pictures(self, sample: Sample) -> list[str]:
        return [name for name in sample.members if is_picture(name, self.source.suffixes)]


def check_all_met(records: Sequence[Record], met: Collection[str], source: DataSet, path: Path) -> None:
    """Refuse to seal a file without streams whose pictures were there when they were coded.

    Raises:
        DatasetError: a picture was not met.
    """
    for record in records:
        if record.key not in met:
            raise DatasetError(
                f"{source.top / record.unit}: no longer holds {record.key}, which was coded; put it back, or remove "
                f"{spool_path(path)}"
            )


def whole_samples(shard: Path) -> Iterator[Sample]:
    """The samples of a shard up to where it is damaged, which was reported when it was listed."""
    try:
        yield from named_samples(shard)
    except DatasetError:
        return


def sample_key(key: str) -> str:
    """A sample's key for a picture: its path without the suffix, and without dots, which end a key."""
    folder, slash, name = key.rpartition("/")
    return folder + slash + (name.rpartition(".")[0] or name).replace(".", "_")


def new_names(sample: Sample, pictures: Collection[str]) -> dict[str, str]:
    """Suffixes of the streams of a sample's pictures: of ``jpg`` and ``png`` in one, each keeps its own."""
    names = {name: _stem(name) + EXTENSION for name in pictures}
    taken = sample.members.keys() - names.keys()
    if len(set(names.values())) == len(names) and not taken & set(names.values()):
        return names
    return {name: f"{name}.{EXTENSION}" for name in pictures}


@contextmanager
def _shard(path: Path) -> Iterator[tarfile.TarFile]:
    with replacing(path) as temporary, tarfile.open(temporary, "w") as shard:
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
