"""The container of the .cotam wire format: bytes to checked records and back.

``docs/format.md`` is normative. The payload is opaque here; ``cotam.entropy_coding`` gives it meaning.
"""

from cotam.bitstream.byte_reader import ByteReader
from cotam.bitstream.header import read_header
from cotam.bitstream.overhead import overhead_bytes
from cotam.bitstream.payload import minimum_payload_bytes, padded_payload, unpadded_payload
from cotam.bitstream.records import (
    FrameRecord,
    LevelMapHeader,
    Metadata,
    Stream,
    StreamHeader,
    nearest_quality,
)
from cotam.bitstream.sequence_reader import FrameEntry, SequenceReader
from cotam.bitstream.sequence_writer import SequenceWriter
from cotam.bitstream.stream import iterate_frames, read_stream, write_stream

__all__ = [
    "ByteReader",
    "FrameEntry",
    "FrameRecord",
    "LevelMapHeader",
    "Metadata",
    "SequenceReader",
    "SequenceWriter",
    "Stream",
    "StreamHeader",
    "iterate_frames",
    "minimum_payload_bytes",
    "nearest_quality",
    "overhead_bytes",
    "padded_payload",
    "read_header",
    "read_stream",
    "unpadded_payload",
    "write_stream",
]
