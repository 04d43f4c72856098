"""Write files whole or not at all, and pictures in the format of their suffix."""

import io
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cotam.errors import ImageError

COMMON_SUFFIXES = (".png", ".jpg", ".webp", ".avif", ".tiff", ".bmp", ".ppm")
LOSSY_QUALITY = 95  # of a decoded picture saved as JPEG, WebP or AVIF: nearly nothing is lost once more

LEFTOVER_SECONDS = 3600.0
"""Age from which on a temporary file is taken for that of a process that was killed."""
_PART_PREFIX, _PART_SUFFIX = ".cotam-", ".part"
PARTS = f"{_PART_PREFIX}*{_PART_SUFFIX}"
"""Temporary files."""
_LOSSY_FORMATS = frozenset({"JPEG", "WEBP", "AVIF"})


def to_pil(pixels: NDArray[np.uint8], grey: bool = False) -> Image.Image:
    """Return a Pillow image of `pixels`, uint8 (H, W, 3): mode RGB, or L (their luma) if `grey`.

    Raises:
        ValueError: if `pixels` has another type or shape.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(f"pixels must be uint8 (H, W, 3), got {pixels.dtype} {pixels.shape}")
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return image.convert("L") if grey else image


def write_atomically(path: str | Path, data: bytes, *, sync: bool = True) -> None:
    """Write `data` so that `path` holds either what it held before or all of it.

    A temporary file in the same folder is written, synced to the disk and renamed. Links are followed; a
    device or pipe is written to directly. An existing file's permissions are kept. Without `sync`, a power failure
    may leave an empty file: for those who check sizes afterwards.

    Raises:
        ImageError: naming the path, if it is a folder or cannot be written.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise ImageError(f"{path}: is a folder; a file name is needed")
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)
        else:
            _replace(target, data, sync)
    except FileNotFoundError as error:
        raise ImageError(f"{path}: cannot be written, there is no folder {target.parent}") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ImageError(f"{path}: cannot be written ({reason})") from error


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files of `write_atomically` that a killed process left in a folder an hour ago or more."""
    oldest = time.time() - LEFTOVER_SECONDS
    for path in folder.glob(PARTS):
        with suppress(OSError):  # another process may clean up as well
            if path.stat().st_mtime < oldest:
                path.unlink()


def _replace(target: Path, data: bytes, sync: bool) -> None:
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
    with replacing(target, sync=sync) as temporary:
        temporary.write_bytes(data)
        if mode is not None:
            temporary.chmod(mode)


@contextmanager
def replacing(path: Path, *, sync: bool = True) -> Iterator[Path]:
    """A place to write a file, which then takes its own name at once; if writing fails, nothing of it stays.

    Args:
        path: of the file.
        sync: have it on the disk before it takes its name; see `write_atomically`.
    """
    temporary = path.with_name(f"{_PART_PREFIX}{secrets.token_hex(8)}{_PART_SUFFIX}")
    try:
        yield temporary
        if sync:
            sync_to_disk(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def sync_to_disk(path: Path) -> None:
    """Return when what was written is on the disk: a file's bytes, or a folder's names (which Windows sees to)."""
    if path.is_dir() and os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def save_image_atomically(image: Image.Image, path: str | Path, **options: Any) -> None:
    """Save an image in the format of the path's suffix, whole or not at all.

    Args:
        image: the image.
        path: where to; `.png`, `.jpg`, `.webp`, `.avif`, ... as Pillow knows them.
        options: passed on to Pillow (`exif`, `icc_profile`, `xmp`, `quality`, ...). JPEG, WebP and AVIF are
            saved at quality 95 unless `quality` is given.

    Raises:
        ValueError: if Pillow writes no format of this suffix.
        ImageError: naming the path, if the picture cannot be written in that format or to that place.
    """
    image_format = _format_of(Path(path))
    if image_format in _LOSSY_FORMATS:
        options.setdefault("quality", LOSSY_QUALITY)
    buffer = io.BytesIO()
    try:
        image.save(buffer, image_format, **options)
    except (OSError, ValueError, KeyError, OverflowError, RuntimeError) as error:
        raise ImageError(f"{path}: Pillow cannot save this picture as {image_format} ({error})") from error
    write_atomically(path, buffer.getvalue())


def _format_of(path: Path) -> str:
    suffix = path.suffix.lower()
    image_format = Image.registered_extensions().get(suffix, "")
    if image_format not in Image.SAVE:
        shown = f"suffix {suffix!r}" if suffix else "no suffix"
        raise ValueError(
            f"{path}: {shown}, of which no picture format is known; try {', '.join(COMMON_SUFFIXES)}"
        )
    return image_format
