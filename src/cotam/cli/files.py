"""Reading inputs and writing outputs, files or standard input and output."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cotam.cli.options import STANDARD
from cotam.errors import BitstreamError, ImageError, ModelError


class StandardInput(io.BytesIO):
    """All of standard input; ``name`` is what error messages call it."""

    name = "standard input"


def check_input(name: str) -> Path:
    """Return the path of an input that exists, file or folder.

    Raises:
        ValueError: there is nothing.
    """
    path = Path(name)
    if not path.exists():
        raise ValueError(f"{name}: no such file or folder")
    return path


def check_file(name: str) -> None:
    """Refuse an input that is not standard input and not an existing file.

    Raises:
        ValueError: it is missing, or a folder.
    """
    if name != STANDARD and check_input(name).is_dir():
        raise ValueError(f"{name}: is a folder; a file is needed")


def files_below(folder: Path) -> list[Path]:
    """All files of a folder and of those below it, except through symbolic links to folders, sorted.

    Raises:
        OSError: a folder cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise error

    return sorted(Path(place, name) for place, _, names in os.walk(folder, onerror=refuse) for name in names)


def check_output(name: str, source: str) -> None:
    """Refuse an output file that could not be written, before any work is done for it.

    Raises:
        ValueError: it is a folder, in a folder that does not exist, the input itself, or a terminal.
    """
    path = Path(name)
    if name == STANDARD:
        if sys.stdout.isatty():
            raise ValueError("standard output is a terminal; name a file or redirect the output")
    elif path.is_dir():
        raise ValueError(f"{name}: is a folder; a file name is needed")
    elif not path.parent.is_dir():
        raise ValueError(f"{name}: cannot be written, there is no folder {path.parent}")
    elif source != STANDARD and path.exists() and path.samefile(source):
        raise ValueError(f"{name}: is the input itself; name another output")


def read_input(name: str) -> bytes:
    """Read a whole file or standard input.

    Raises:
        ValueError: there is no such file.
        OSError: it cannot be read.
    """
    check_file(name)
    return sys.stdin.buffer.read() if name == STANDARD else Path(name).read_bytes()


def write_output(name: str, data: bytes) -> None:
    """Write a file whole or not at all, or to standard output.

    Raises:
        ValueError: it cannot be written.
    """
    from cotam.images import write_atomically

    if name == STANDARD:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    with unwritable_is_bad_use():
        write_atomically(name, data)


@contextmanager
def unwritable_is_bad_use() -> Iterator[None]:
    """Turn the ``ImageError`` of an output that cannot be written into a ``ValueError``: a mistake of the call."""
    try:
        yield
    except ImageError as error:
        raise ValueError(str(error)) from error


@contextmanager
def naming(source: str) -> Iterator[None]:
    """Put the name of the file in front of what is wrong with the stream in it."""
    try:
        yield
    except (BitstreamError, ModelError) as error:
        raise type(error)(f"{display_name(source)}: {error}") from error


def display_name(name: str) -> str:
    """The name of an input for people."""
    return StandardInput.name if name == STANDARD else name
