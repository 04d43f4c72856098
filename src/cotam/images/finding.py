"""Find the picture files of a folder."""

import os
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path

from PIL import Image

from cotam.errors import ImageError

NO_PICTURES = frozenset({"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"})
"""Formats that Pillow recognises but has no decoder of its own for."""


def image_suffixes() -> frozenset[str]:
    """Return the suffixes, lower case with the dot, of files that Pillow can open."""
    registered = Image.registered_extensions()
    return frozenset(s for s, name in registered.items() if name in Image.OPEN and name not in NO_PICTURES)


def find_images(folder: str | Path, recursive: bool = True) -> list[Path]:
    """List the files of a folder whose suffix is that of a picture, in upper or lower case.

    Args:
        folder: where to look.
        recursive: also look into the folders below, except through symbolic links.

    Returns:
        The paths, each beginning with `folder`, sorted; none if there is no picture.

    Raises:
        ImageError: if `folder` is no folder, or it or one below cannot be read.
    """
    return find_files(folder, image_suffixes(), recursive)


def find_files(folder: str | Path, suffixes: Collection[str], recursive: bool = True) -> list[Path]:
    """List the files of a folder with one of ``suffixes`` (lower case with the dot); see `find_images`."""
    folder = Path(folder)
    if not folder.is_dir():
        problem = "is a file; a folder is needed" if folder.exists() else "no such folder"
        raise ImageError(f"{folder}: {problem}")
    found: list[Path] = []
    for place, below, names in os.walk(folder, onerror=_refuse):
        found += [Path(place, name) for name in names if Path(name).suffix.lower() in suffixes]
        if not recursive:
            below.clear()
    return sorted(found)


def renamed(paths: Iterable[Path], suffix: str) -> dict[Path, Path]:
    """New names with another suffix, no two alike.

    Of those that differ in the suffix only, ``a.jpg`` and ``a.png``, each keeps its own: ``a.jpg.cotam``. So does
    ``a.jpg.webp`` beside them, which would take that name.
    """
    paths = list(paths)
    stems = {path: str(path.with_suffix("")).casefold() for path in paths}
    taken = Counter(stems.values()) + Counter(str(path).casefold() for path in paths)
    return {
        path: path.with_suffix(suffix) if taken[stems[path]] == 1 else path.with_name(path.name + suffix)
        for path in paths
    }


def _refuse(error: OSError) -> None:
    raise ImageError(f"{error.filename}: cannot be read ({error.strerror})") from error
