"""Streams of a shard or table while it is not finished: one after the other in a file that only grows."""

from hashlib import sha256
from pathlib import Path

from cotam.data.places import Span
from cotam.errors import DatasetError
from cotam.transcoding.manifest import Record

SUFFIX = ".part"


class Spool:
    """A file of streams.

    Args:
        path: of the finished file; the spool lies beside it.
        size: bytes of it that are known to be good; what follows is cut off.
    """

    def __init__(self, path: Path, size: int) -> None:
        self.path = spool_path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("ab")
        self._file.truncate(size)
        self.size = size

    def append(self, stream: bytes) -> int:
        """Write a stream through to the system; returns where it begins."""
        self._file.write(stream)
        self._file.flush()
        begin, self.size = self.size, self.size + len(stream)
        return begin

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def spool_path(path: Path) -> Path:
    """Where the streams of a file lie while it is not finished."""
    return path.with_name(path.name + SUFFIX)


def spooled(path: Path, record: Record) -> bytes:
    """The stream of a record in the spool of a file.

    Raises:
        DatasetError: there is no spool, or it holds something else there: a record may be of an earlier spool.
    """
    spool = spool_path(path)
    try:
        stream = Span(str(spool), record.offset, record.bytes).read()
    except FileNotFoundError as error:
        raise DatasetError(f"{spool}: no such file") from error
    if sha256(stream).hexdigest() != record.sha256:
        raise DatasetError(f"{spool}: is damaged; remove it to have {path.name} made anew")
    return stream
