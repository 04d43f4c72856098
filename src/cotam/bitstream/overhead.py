"""Where the bytes of a stream go."""

from cotam.bitstream.frame import level_map_bytes
from cotam.bitstream.limits import CHECKSUM_BYTES
from cotam.bitstream.metadata import metadata_bytes
from cotam.bitstream.records import Stream
from cotam.bitstream.stream import write_stream


def overhead_bytes(stream: Stream) -> dict[str, int]:
    """Number of bytes of each part; together they are the bytes of the stream.

    Returns:
        - ``header``: fixed fields, qualities and, in a sequence, timestamps, lengths and the terminator
        - ``metadata``: the metadata section
        - ``level_map``: the level-map descriptors, without the symbols, which are coded in the payload
        - ``payload``: the frames' payloads with their padding
        - ``checksum``: all checksums
    """
    checksums = 1 + len(stream.frames) if stream.header.sequence else 1
    parts = {
        "metadata": len(metadata_bytes(stream.header.metadata)),
        "level_map": sum(len(level_map_bytes(frame.level_map)) for frame in stream.frames),
        "payload": sum(len(frame.payload) for frame in stream.frames),
        "checksum": checksums * CHECKSUM_BYTES,
    }
    return {"header": len(write_stream(stream)) - sum(parts.values()), **parts}
