"""``cotam bench conformance``: golden streams, with the latents that every runtime must read from them.

A folder of golden streams holds ``manifest.json`` and one ``.cotam`` file a stream; ``model.safetensors`` beside them
is their model where it does not ship with cotam. The manifest names the model's id, and for every frame of every
stream the SHA-256 of its integer latents (`cotam.evaluation.exactness.digest_of`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cotam.bitstream import read_stream
from cotam.checkpoint.registry import model_of_stream, read_card
from cotam.errors import BitstreamError, ModelError
from cotam.evaluation.exactness import Sample
from cotam.evaluation.frames import streams_of_frames

MANIFEST, MODEL = "manifest.json", "model.safetensors"


@dataclass(frozen=True)
class GoldenStreams:
    """A folder of golden streams."""

    folder: Path
    model: str
    """What `cotam.codec.load_codec` loads to read them."""
    samples: tuple[Sample, ...]
    """Every frame of every stream; ``picture`` is the stream's name, with the frame's number if it has several."""


def read_golden(folder: Path) -> GoldenStreams:
    """Read a folder of golden streams.

    Raises:
        BitstreamError: the manifest or a stream is missing or damaged.
        ModelError: the model is not here, or another one.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text())
        samples = [
            sample
            for name, entry in sorted(manifest["streams"].items())
            for sample in _samples(name, (folder / f"{name}.cotam").read_bytes(), entry)
        ]
        model_id = bytes.fromhex(manifest["model_id"])
    except OSError as error:
        raise BitstreamError(f"{error.filename}: cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BitstreamError(f"{path}: no manifest of golden streams ({error})") from error
    return GoldenStreams(folder, _model(folder, model_id), tuple(samples))


def _samples(name: str, data: bytes, entry: dict[str, Any]) -> Iterator[Sample]:
    """Compare what is known without a network; then one sample a frame."""
    frames, found = entry["frames"], read_stream(data).frames
    if len(data) != entry["bytes"] or [f.quality for f in found] != [f["quality"] for f in frames]:
        raise BitstreamError(f"{name}.cotam is not the stream that the manifest describes")
    one = len(frames) == 1  # then the stream itself is tried, metadata and all
    for number, alone in enumerate([data] if one else streams_of_frames(data)):
        frame = frames[number]
        label = name if one else f"{name}, frame {number}"
        uniform = found[number].level_map is None
        yield Sample(label, frame["quality"], uniform, alone, frame["latents_sha256"])


def _model(folder: Path, model_id: bytes) -> str:
    path = folder / MODEL
    if not path.is_file():
        return model_of_stream(model_id).name
    if (found := read_card(path).model_id) != model_id.hex():
        raise ModelError(f"{path}: model {found}, but the streams were made with {model_id.hex()}")
    return str(path)
