"""Writing decoded pictures in the format that was asked for, with the metadata that the stream kept."""

import io
from pathlib import Path

from PIL import Image

from cotam.bitstream import read_header
from cotam.cli.files import unwritable_is_bad_use, write_output
from cotam.cli.options import STANDARD
from cotam.images import save_image_atomically

EXIF_PREFIX = b"Exif\0\0"
LOSSY_QUALITY = 95
"""Quality of JPEG, WebP and AVIF on standard output, as in files."""


def suffix_of_format(name: str) -> str:
    """Return the suffix, lower case with its dot, of a format's name such as ``png``, ``.jpg`` or ``WebP``.

    Raises:
        ValueError: Pillow writes no such format.
    """
    suffix = f".{name.lower().removeprefix('.')}"
    if Image.registered_extensions().get(suffix) not in Image.SAVE:
        raise ValueError(
            f"no picture format is known by {name!r}; try png, jpg, webp, avif, tiff, bmp or ppm"
        )
    return suffix


def write_picture(image: Image.Image, target: str, data: bytes, suffix: str) -> int:
    """Write a decoded picture.

    Args:
        image: the picture.
        target: a file whose suffix says the format, or standard output.
        data: the stream that it comes from, for its metadata.
        suffix: format for standard output.

    Returns:
        The number of bytes written.

    Raises:
        ValueError: the picture cannot be written in this format or to this place.
    """
    return save_picture(image, target, suffix, **kept_metadata(data))


def save_picture(image: Image.Image, target: str, suffix: str, **metadata: bytes) -> int:
    """Write a picture with these options of Pillow's ``save``; arguments, result and errors as in `write_picture`."""
    if target != STANDARD:
        with unwritable_is_bad_use():
            save_image_atomically(image, target, **metadata)
        return Path(target).stat().st_size
    buffer = io.BytesIO()
    image.save(buffer, Image.registered_extensions()[suffix], quality=LOSSY_QUALITY, **metadata)
    write_output(STANDARD, buffer.getvalue())
    return len(buffer.getvalue())


def kept_metadata(data: bytes) -> dict[str, bytes]:
    """Return the metadata in a stream as options of Pillow's ``save``."""
    kept = read_header(data)[0].metadata
    options = {"icc_profile": kept.icc, "xmp": kept.xmp}
    if kept.exif is not None:
        options["exif"] = kept.exif if kept.exif.startswith(EXIF_PREFIX) else EXIF_PREFIX + kept.exif
    return {name: item for name, item in options.items() if item is not None}
