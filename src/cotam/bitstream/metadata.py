"""The metadata section: a count, then items of type, length and bytes."""

from enum import IntEnum

from cotam.bitstream.byte_reader import ByteReader, varint_bytes
from cotam.bitstream.limits import MAX_METADATA_BYTES, MAX_METADATA_ITEMS
from cotam.bitstream.records import Metadata
from cotam.errors import BitstreamError


class ItemType(IntEnum):
    """The type byte of an item; readers skip every other value."""

    EXIF = 1
    ICC = 2
    XMP = 3


def metadata_bytes(metadata: Metadata) -> bytes:
    """The section for ``metadata``, items in the order of their types; empty where there are none."""
    by_type = {ItemType.EXIF: metadata.exif, ItemType.ICC: metadata.icc, ItemType.XMP: metadata.xmp}
    items = [
        bytes([kind]) + varint_bytes(len(item)) + item for kind, item in by_type.items() if item is not None
    ]
    return varint_bytes(len(items)) + b"".join(items) if items else b""


def read_metadata(reader: ByteReader) -> Metadata:
    """Read the section; items of unknown type are skipped.

    Raises:
        BitstreamError: truncated, too many items or bytes, no item at all, or a type that comes twice.
    """
    count = reader.varint("the metadata count")
    if not 1 <= count <= MAX_METADATA_ITEMS:
        raise BitstreamError(f"metadata must have 1 to {MAX_METADATA_ITEMS} items, got {count}")
    items: dict[int, bytes] = {}
    for _ in range(count):
        kind = reader.integer(1, "a metadata type")
        if kind in items:
            raise BitstreamError(f"metadata type {kind} comes twice")
        items[kind] = _read_item(reader, MAX_METADATA_BYTES - sum(map(len, items.values())))
    return Metadata(items.get(ItemType.EXIF), items.get(ItemType.ICC), items.get(ItemType.XMP))


def _read_item(reader: ByteReader, most: int) -> bytes:
    length = reader.varint("a metadata length")
    if length > most:
        raise BitstreamError(
            f"metadata is above {MAX_METADATA_BYTES} bytes: an item of {length}, room for {most}"
        )
    return reader.take(length, "a metadata item")
