"""EXIF, ICC and XMP of a picture, with the orientation taken out because it is applied to the pixels."""

import re
import struct
from typing import NamedTuple

from PIL import Image

EXIF_PREFIX = b"Exif\x00\x00"
ORIENTATION_TAG = 0x0112
UPRIGHT = 1

_TYPE_SHORT = 3
_BYTE_ORDERS = {b"II*\x00": "<", b"MM\x00*": ">"}
_XMP_ORIENTATION = re.compile(rb"""(tiff:Orientation(?:=["']|>)\s*)([1-8])""")
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Metadata(NamedTuple):
    """What a file says about its picture; None where it says nothing."""

    exif: bytes | None
    """TIFF structure after the six bytes `Exif\\0\\0`, as Pillow's `exif` option takes it."""
    icc: bytes | None
    """ICC profile."""
    xmp: bytes | None
    """XMP packet, UTF-8 XML."""


def read_metadata(image: Image.Image) -> Metadata:
    """Return the metadata as the file has it; of other types than bytes, nothing."""
    exif = _bytes_or_none(image.info.get("exif"))
    if exif is not None and not exif.startswith(EXIF_PREFIX):
        exif = EXIF_PREFIX + exif
    icc, xmp = _bytes_or_none(image.info.get("icc_profile")), _bytes_or_none(image.info.get("xmp"))
    return Metadata(exif, icc, xmp)


def _bytes_or_none(value: object) -> bytes | None:
    return bytes(value) if isinstance(value, bytes | bytearray) and value else None


def orientation(metadata: Metadata) -> int:
    """Return the orientation 1..8 that EXIF states, else the one that XMP states, else 1."""
    place = _orientation_place(metadata.exif)
    if place is not None and metadata.exif is not None:
        value = int(struct.unpack_from(place[1] + "H", metadata.exif, place[0])[0])
        return value if value in _TURNS else UPRIGHT
    stated = _XMP_ORIENTATION.search(metadata.xmp or b"")
    return int(stated[2]) if stated else UPRIGHT


def turn_upright(image: Image.Image, stated: int) -> Image.Image:
    """Apply an orientation 1..8 to the pixels."""
    return image.transpose(_TURNS[stated]) if stated in _TURNS else image


def upright(metadata: Metadata) -> Metadata:
    """Return the metadata with the orientation set to 1; every other byte stays."""
    exif, xmp = metadata.exif, metadata.xmp
    place = _orientation_place(exif)
    if place is not None and exif is not None:
        offset, order = place
        exif = exif[:offset] + struct.pack(order + "H", UPRIGHT) + exif[offset + 2 :]
    if xmp is not None:
        xmp = _XMP_ORIENTATION.sub(rb"\g<1>1", xmp)
    return metadata._replace(exif=exif, xmp=xmp)


def _orientation_place(exif: bytes | None) -> tuple[int, str] | None:
    """Return the offset of the orientation's value and the byte order, or None; EXIF 2.32, section 4.6."""
    start = len(EXIF_PREFIX)
    order = _BYTE_ORDERS.get(exif[start : start + 4]) if exif else None
    if exif is None or order is None:
        return None
    try:
        directory = start + struct.unpack_from(order + "I", exif, start + 4)[0]
        (count,) = struct.unpack_from(order + "H", exif, directory)
        for entry in range(directory + 2, directory + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(order + "HH", exif, entry)
            if tag == ORIENTATION_TAG and kind == _TYPE_SHORT and entry + 10 <= len(exif):
                return entry + 8, order
    except struct.error:  # the directory reaches beyond the data: no orientation to be had
        return None
    return None
