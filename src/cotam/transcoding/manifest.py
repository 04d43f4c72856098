"""The manifest of a transcoded data set: what it was made of and how, and a line for each item.

It is a file of JSON lines that only grows. Of several lines about one item the last counts; a last line that was cut
off by a crash or a full disk does not.
"""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cotam.errors import DatasetError

NAME = "manifest.jsonl"
FORMAT, VERSION = "cotam transcode", 1


@dataclass(frozen=True, slots=True)
class Record:
    """What became of an item."""

    key: str
    """Of the item."""
    unit: str = ""
    """File of the source that it came from; empty where each picture is a file."""
    status: str = "done"
    """``done`` or ``failed``."""
    file: str = ""
    """File that the stream is in, from the top of the target."""
    offset: int = 0
    """Where it stood in the file's streams while these were gathered."""
    bytes: int = 0
    """Of the stream."""
    bytes_in: int = 0
    """Of the picture's file."""
    sha256: str = ""
    """Of the stream."""
    reason: str = ""
    """Why it failed."""

    @property
    def done(self) -> bool:
        """Whether there is a stream."""
        return self.status == "done"


class Manifest:
    """An open manifest, which no other process can open meanwhile.

    Args:
        folder: of the target; made if it is not there.
        settings: what the run is; a manifest of another is refused.

    Raises:
        DatasetError: the folder holds something else, another run's manifest, or a run is under way in it.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.path = folder / NAME
        head = {"manifest": FORMAT, "version": VERSION, **settings}
        try:
            _check_place(folder, self.path)
            self._file = self.path.open("a+b")
        except OSError as error:
            raise DatasetError(f"{folder}: cannot be written ({error.strerror})") from error
        try:
            _lock(self._file, folder)
            self.records = self._read(head)
        except BaseException:
            self._file.close()
            raise

    def append(self, records: Sequence[Record]) -> None:
        """Add lines, and hand them to the system, which a killed process cannot take back."""
        self._write(_short(asdict(record)) for record in records)
        for record in records:
            self.records[record.key] = record

    def _read(self, head: dict[str, Any]) -> dict[str, Record]:
        """Its records. Nothing is changed before the first line was found to be this run's own."""
        self._file.seek(0)
        *lines, rest = self._file.read().split(b"\n")
        if not lines and json.dumps(head).encode().startswith(rest):
            self._file.truncate(0)
            self._write([head])
            return {}
        _check_same(self.path, lines[0] if lines else rest, head)
        try:
            records = [Record(**json.loads(line)) for line in lines[1:]]
        except (ValueError, TypeError) as error:
            raise DatasetError(f"{self.path}: is damaged ({error}); name another folder") from error
        if rest:
            self._file.truncate(self._file.tell() - len(rest))
        return {record.key: record for record in records}

    def _write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        text = "".join(f"{json.dumps(row)}\n" for row in rows)
        self._file.write(text.encode())
        self._file.flush()

    def close(self) -> None:
        """Let go of the file."""
        try:
            os.fsync(self._file.fileno())
        finally:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _short(row: Mapping[str, Any]) -> dict[str, Any]:
    """A record's values without those that are left at their start."""
    return {name: value for name, value in row.items() if value not in ("", 0)}


def _check_place(folder: Path, manifest: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise DatasetError(f"{folder}: is a file; the output is a folder")
    if not manifest.exists() and folder.is_dir() and any(folder.iterdir()):
        raise DatasetError(f"{folder}: is not empty and holds no {NAME}; name another folder")
    folder.mkdir(parents=True, exist_ok=True)


def _check_same(path: Path, line: bytes, head: Mapping[str, Any]) -> None:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("manifest") != FORMAT:
        raise DatasetError(f"{path}: is no manifest of cotam transcode; name another folder")
    if found == head:
        return
    name = next(name for name in [*head, *found] if found.get(name) != head.get(name))
    raise DatasetError(
        f"{path}: belongs to another run, whose {name} is {found.get(name)!r} and not {head.get(name)!r}; "
        "name another folder"
    )


def _lock(file: Any, folder: Path) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise DatasetError(f"{folder}: another cotam transcode is writing here") from error
