"""Streams with what they must decode to, as one file that travels from machine to machine.

A plain zip of stored members: ``manifest.json`` and one ``.cotam`` file a stream. Nothing is unpacked.
Compressed members are refused, so that reading takes no more memory than the file has bytes.
"""

import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cotam.errors import BitstreamError
from cotam.evaluation.exactness import Sample
from cotam.images import write_atomically

FORMAT, FORMAT_VERSION = "cotam-exactness", 1
MANIFEST = "manifest.json"
MAX_FILE_BYTES = 2**30
MAX_STREAMS = 100_000
EPOCH = (1980, 1, 1, 0, 0, 0)
"""Time of every member, so that the same streams make the same file."""
DIGEST = re.compile(r"[0-9a-f]{64}")


def write_archive(path: Path, samples: Sequence[Sample], origin: Mapping[str, Any]) -> None:
    """Write samples; ``origin`` is JSON-ready and says what made them.

    Raises:
        ImageError: the file cannot be written.
    """
    rows = [
        {
            "file": f"{number:05d}.cotam",
            "picture": sample.picture,
            "quality": sample.quality,
            "uniform": sample.uniform,
            "sha256": sample.digest,
        }
        for number, sample in enumerate(samples)
    ]
    manifest = {"format": FORMAT, "version": FORMAT_VERSION, "origin": origin, "streams": rows}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(MANIFEST, EPOCH), json.dumps(manifest, indent=1))
        for row, sample in zip(rows, samples, strict=True):
            archive.writestr(zipfile.ZipInfo(str(row["file"]), EPOCH), sample.data)
    write_atomically(path, buffer.getvalue())


def read_archive(path: Path) -> tuple[list[Sample], dict[str, Any]]:
    """Read what `write_archive` wrote: samples and origin.

    Raises:
        BitstreamError: missing, too large, no such archive, or damaged.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BitstreamError(f"{path}: larger than {MAX_FILE_BYTES} bytes")
        with zipfile.ZipFile(path) as archive:
            return _read(path, archive)
    except OSError as error:
        raise BitstreamError(f"{path}: cannot be read ({error.strerror or error})") from error
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise BitstreamError(f"{path}: not an archive of cotam bench exactness ({error})") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BitstreamError(f"{path}: damaged manifest or member ({error})") from error


def _read(path: Path, archive: zipfile.ZipFile) -> tuple[list[Sample], dict[str, Any]]:
    members = archive.infolist()
    if len(members) > MAX_STREAMS + 1 or sum(member.file_size for member in members) > MAX_FILE_BYTES:
        raise BitstreamError(f"{path}: too many or too large members")
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise BitstreamError(f"{path}: members must be stored, not compressed")
    manifest = json.loads(archive.read(MANIFEST))
    if manifest["format"] != FORMAT or manifest["version"] != FORMAT_VERSION:
        raise BitstreamError(f"{path}: not an archive of {FORMAT} version {FORMAT_VERSION}")
    return [_sample(archive, row) for row in manifest["streams"]], dict(manifest["origin"])


def _sample(archive: zipfile.ZipFile, row: dict[str, Any]) -> Sample:
    if not DIGEST.fullmatch(row["sha256"]):
        raise ValueError(f"{row['sha256']!r} is no SHA-256")
    data = archive.read(row["file"])
    return Sample(str(row["picture"]), float(row["quality"]), bool(row["uniform"]), data, row["sha256"])
