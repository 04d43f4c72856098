"""Where streams go: files of their own, or shards and tables that are finished when all their streams are there."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cotam.errors import DatasetError
from cotam.images.finding import renamed
from cotam.images.writing import replacing, sync_to_disk
from cotam.transcoding.coding import Coded
from cotam.transcoding.manifest import Record
from cotam.transcoding.sealing import Sealer
from cotam.transcoding.spool import Spool, spool_path, spooled

UNITS = "shard-{:06d}"
"""Names of shards and tables that are made of a folder."""


class Target(Protocol):
    """Takes streams, in the order of the items."""

    def kept(self, record: Record) -> bool:
        """Whether the stream of a record is where the record says."""

    def write(self, coded: Coded) -> tuple[str, int]:
        """Keep a stream; returns its file, from the top, and where it begins there."""

    def finish(self) -> None:
        """Complete everything that is not yet."""

    def close(self) -> None:
        """Let go of what is open."""


class FolderTarget:
    """A file for every stream.

    Args:
        top: the folder.
        keys: of all pictures.
    """

    def __init__(self, top: Path, keys: Iterable[str]) -> None:
        self.top, self.names = top, stream_names(keys)
        self._owners = {name: key for key, name in self.names.items()}

    def kept(self, record: Record) -> bool:
        """See `Target`. Where the name is another picture's by now, that one's stream will take it."""
        path = self.top / record.file
        own = self._owners.get(record.file, record.key) == record.key
        return own and path.is_file() and path.stat().st_size == record.bytes

    def write(self, coded: Coded) -> tuple[str, int]:
        """See `Target`."""
        name = self.names[coded.key]
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        assert coded.stream is not None
        with replacing(path, sync=False) as temporary:  # what a power failure empties has another size
            temporary.write_bytes(coded.stream)
        return name, 0

    def finish(self) -> None:
        """Nothing is left to do."""

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class UnitTarget:
    """Shards or tables. Streams are gathered in a spool, from which the file is made when the next one begins.

    Args:
        top: the folder.
        sealer: makes a file of its streams.
        records: of the manifest, which this reads and does not change.
        per_unit: streams of a file where the source is a folder.
    """

    top: Path
    sealer: Sealer
    records: Mapping[str, Record]
    per_unit: int
    _spool: Spool | None = None
    _name: str = ""
    _streams: int = 0

    def kept(self, record: Record) -> bool:
        """See `Target`."""
        path = self.top / record.file
        if path.is_file():
            return True
        try:
            spooled(path, record)
        except DatasetError:
            return False
        return True

    def write(self, coded: Coded) -> tuple[str, int]:
        """See `Target`.

        Raises:
            DatasetError: the file is complete already, and its source has changed since.
        """
        assert coded.stream is not None
        name = self._file_for(coded.unit)
        if name != self._name or self._spool is None:
            self._seal()
            self._open(name)
        assert self._spool is not None
        self._streams += 1
        return name, self._spool.append(coded.stream)

    def finish(self) -> None:
        """See `Target`. Also completes what an earlier run has left."""
        self._seal()
        for name in sorted({record.file for record in self.records.values() if record.done}):
            if spool_path(self.top / name).is_file():
                self._make(name)

    def close(self) -> None:
        """See `Target`."""
        if self._spool is not None:
            self._spool.close()
            self._spool = None

    def _file_for(self, unit: str) -> str:
        if unit:
            return unit
        if self._spool is not None and self._streams < self.per_unit:
            return self._name
        streams = Counter(record.file for record in self.records.values() if record.done)
        for name, count in streams.items():
            spool, whole = spool_path(self.top / name), self.top / name
            if count < self.per_unit and spool.is_file() and not whole.is_file():
                return name
        return next_unit(streams, self.sealer.suffix)

    def _open(self, name: str) -> None:
        path = self.top / name
        if path.exists():
            raise DatasetError(
                f"{path}: is complete, but its source has more than it had; remove it to have it made anew"
            )
        own = self._own(name)
        self._spool = Spool(path, own[-1].offset + own[-1].bytes if own else 0)
        self._name, self._streams = name, len(own)

    def _own(self, name: str) -> list[Record]:
        """The records of a file, in the order of its streams."""
        own = [record for record in self.records.values() if record.done and record.file == name]
        return sorted(own, key=lambda record: record.offset)

    def _seal(self) -> None:
        if self._spool is not None:
            self.close()
            self._make(self._name)

    def _make(self, name: str) -> None:
        """Turn a spool into its file, and remove it; a run may have been killed between the two."""
        path = self.top / name
        if not path.is_file():
            self.sealer.seal(path, self._own(name))
            sync_to_disk(path.parent)  # else a power failure might leave neither
        spool_path(path).unlink()


def next_unit(taken: Collection[str], suffix: str) -> str:
    """The first name after all that are taken."""
    number = 0
    while UNITS.format(number) + suffix in taken:
        number += 1
    return UNITS.format(number) + suffix


def stream_names(keys: Iterable[str]) -> dict[str, str]:
    """Names of the streams of pictures: ``a.jpg`` gives ``a.cotam``; where ``a.png`` is, too, ``a.jpg.cotam``."""
    return {str(old): new.as_posix() for old, new in renamed([Path(key) for key in keys], ".cotam").items()}
