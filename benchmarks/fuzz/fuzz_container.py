"""The target that atheris runs: any bytes as a stream, through everything that needs no network.

`run.py` beside it starts this file, keeps the figures and writes the report. By hand:

    python benchmarks/fuzz/fuzz_container.py -runs=100000 FOLDER_OF_SEEDS
    python benchmarks/fuzz/fuzz_container.py crash-0123456789     # one input again
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import atheris

with atheris.instrument_imports(include=["cotam.bitstream", "cotam.codec", "cotam.entropy_coding"]):
    from cotam.bitstream import header, iterate_frames, overhead_bytes, read_header, read_stream, write_stream
    from cotam.bitstream import sequence as sequence_module
    from cotam.bitstream import stream as stream_module
    from cotam.bitstream.byte_reader import ByteReader
    from cotam.bitstream.limits import CHECKSUM_BYTES, MAX_METADATA_BYTES, MAX_PIXELS
    from cotam.codec import read_info

from cotam.errors import BitstreamError

MAX_SECONDS = 1.0
"""Processor time that one stream may take."""
MAX_MESSAGE = 300
"""Characters of the one line of a refusal."""
CHECKING_MODULES = (header, sequence_module, stream_module)


slowest = 0.0
"""Processor time of the slowest stream so far."""


class TooSlowError(Exception):
    """A stream took longer than it may."""


@contextmanager
def unchecked() -> Iterator[None]:
    """Read checksums without comparing them: the fuzzer would not find right ones, and an attacker writes them."""

    def skip(reader: ByteReader, start: int, what: str, before: bytes = b"") -> bytes:
        return reader.take(CHECKSUM_BYTES, f"the checksum of {what}")

    kept = [module.read_checksum for module in CHECKING_MODULES]
    for module in CHECKING_MODULES:
        module.read_checksum = skip
    try:
        yield
    finally:
        for module, read in zip(CHECKING_MODULES, kept, strict=True):
            module.read_checksum = read


def read_everything(data: bytes) -> None:
    """Read a stream in every way; what is read must be within the limits, and write and read again as it is."""
    try:
        stream = read_stream(data)
    except BitstreamError as error:
        line = str(error)
        assert line, "a refusal says why"
        assert "\n" not in line, "a refusal is one line"
        assert len(line) <= MAX_MESSAGE, "a refusal is short"
        return
    head = stream.header
    assert head.width * head.height <= MAX_PIXELS
    assert sum(len(item or b"") for item in (head.metadata.exif, head.metadata.icc, head.metadata.xmp)) <= (
        MAX_METADATA_BYTES
    )
    assert read_header(data)[0] == head
    assert tuple(iterate_frames(data)) == stream.frames
    again = write_stream(stream)
    assert len(again) <= len(data)  # metadata of unknown types are dropped
    assert read_stream(again) == stream
    assert sum(overhead_bytes(stream).values()) == len(again)
    info = read_info(data)
    assert (info.width, info.height, info.frames) == (head.width, head.height, len(stream.frames))


def refused_or_read(data: bytes) -> None:
    """Read a stream, or see it refused; nothing else may happen, and not slowly."""
    began = time.process_time()
    with suppress(BitstreamError):
        read_header(data)
    read_everything(data)
    tell_time(time.process_time() - began, len(data))


def tell_time(seconds: float, length: int) -> None:
    """Say so when a stream took longer than all before it; `run.py` reads it."""
    global slowest
    if seconds > slowest:
        slowest = seconds
        print(f"slowest: {seconds:.6f} s, {length} bytes", file=sys.stderr, flush=True)
    if seconds > MAX_SECONDS:
        raise TooSlowError(f"{seconds:.2f} s for {length} bytes")


def one_input(data: bytes) -> None:
    """Try the bytes as they are, and as if all their checksums were right."""
    refused_or_read(data)
    with unchecked():
        refused_or_read(data)


def main() -> None:
    """Hand over to libFuzzer, which reads the rest of the command line."""
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
