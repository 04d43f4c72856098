"""Make golden streams: a deliberate act, never done by a test.

    python tests/conformance/regenerate.py            # the streams that are not there yet, with the committed model
    python tests/conformance/regenerate.py --shipped  # likewise those of the shipped model, predicted frames too
    python tests/conformance/regenerate.py --elic     # likewise those of a narrow ELIC of random weights
    python tests/conformance/regenerate.py --model    # the model and all its streams anew

A stream that is there is kept, with its entry in the manifest. Changed golden files mean that streams in the field no
longer decode: that takes a new version of the format (``docs/format.md``), and then the old files stay beside the new
ones. After new weights of the shipped model, its old streams are deleted by hand.
"""

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
import torch
from corners import corner_streams
from predicted import predicted_streams

from cotam.bitstream import FrameRecord, Metadata, Stream, StreamHeader, read_stream, write_stream
from cotam.bitstream.limits import MAX_SIDE
from cotam.checkpoint import write_model
from cotam.codec import Codec, LevelMap, load_codec
from cotam.entropy_coding import TableSet, quantise_probabilities
from cotam.entropy_models.gaussian import gaussian_probabilities
from cotam.entropy_models.structure import TABLES
from cotam.evaluation.conformance import MANIFEST
from cotam.evaluation.exactness import digest_of
from cotam.evaluation.frames import last_latents, may_predict, streams_of_frames
from cotam.models.cotam_s import CotamS
from cotam.models.cotam_s_config import CotamSConfig
from cotam.training.calibration import assumed_tables

HERE = Path(__file__).parent
MODEL = HERE / "model.safetensors"
CONFIG = CotamSConfig(
    latents=12,
    hyper=4,
    wide=8,
    deep=8,
    analysis_blocks=(1, 1),
    synthesis_blocks=(1, 1),
    hyper_hidden=8,
    features=8,
    context=12,
    nodes=3,
)
SHIPPED = HERE / "cotam-s"
ELIC = HERE / "elic"
SHIPPED_NAMES = (
    "still",
    "level-map",
    "odd-size",
    "quality-1",
    "quality-100",
    "nine-levels",
    "grey",
    "sequence",
    "one-pixel",
    "one-row",
    "one-column",
    "beyond-the-scale",
    "large-map",
    "blank",
    "widest",
    "extreme-latents",
)
LARGE = ("large-map", "blank", "widest")
ELIC_NAMES = tuple(name for name in SHIPPED_NAMES if name not in LARGE)
BLANK = {"blank": (640, 832), "widest": (1, MAX_SIDE)}
"""Height and width of flat pictures; the first takes fewer bytes than the container asks for: it is padded."""
MAX_RADIUS = 12
"""Small tables, so that escapes are part of the golden streams."""


def make_model() -> None:
    """Write a model of random weights; what it says of pictures is nonsense, and exact nonsense."""
    torch.manual_seed(20)
    network = CotamS(CONFIG)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            scale = 0.4 if name.startswith(("context.", "hyper_synthesis.", "hyper_scales.")) else 0.1
            parameter.add_(torch.randn_like(parameter) * scale)
        for heads in network.context.heads:
            for head in heads:
                head.bias[len(head.bias) // 2 :] += 18  # table indexes from all over the scale
    radius = [min(2 + index // 3, MAX_RADIUS) for index in range(1, TABLES)]
    rows = [quantise_probabilities(gaussian_probabilities(i, r)) for i, r in enumerate(radius, start=1)]
    tables = TableSet.from_frequencies(rows)
    write_model(MODEL, network.to_integers(), tables, name="conformance", description="random weights")


def elic_model() -> Path:
    """The model file of a narrow ELIC, which is written where it is not there."""
    sys.path.append(str(HERE.parent))
    from elic_models import narrow_elic

    path = ELIC / "model.safetensors"
    if not path.exists():
        ELIC.mkdir(exist_ok=True)
        network = narrow_elic(20).to_integers()
        write_model(path, network, assumed_tables(network), name="narrow", description="random weights")
    return path


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Waves and an edge, uint8 (height, width, 3)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / rng.uniform(3, 30)) + np.cos(y / rng.uniform(3, 30)) for _ in range(3)]
    values = 128 + 50 * np.stack(waves, -1) + 30 * (x > y)[..., None] + rng.normal(0, 3, (height, width, 3))
    return np.clip(values, 0, 255).astype(np.uint8)


def streams(codec: Codec) -> dict[str, bytes]:
    """All golden streams by name."""
    rng = np.random.default_rng(3)
    three = LevelMap(rng.integers(-1, 2, (3, 4)))
    nine = LevelMap(rng.integers(-4, 5, (7, 2)), count=9, strength=6.5)
    still = codec.encode(picture(64, 80), 60)
    described = read_stream(codec.encode(picture(40, 24), 35.125))
    metadata = Metadata(exif=b"II*\0\x08\0\0\0\0\0", icc=b"profile", xmp=b"<x/>")
    header = StreamHeader(24, 40, codec.model_id, metadata=metadata)
    return {
        "still": still,
        "level-map": codec.encode(picture(64, 80), 60, level_map=three),
        "nine-levels": codec.encode(picture(96, 50, 1), 75, level_map=nine),
        "grey": codec.encode(picture(33, 47, 2)[..., 0], 50),
        "metadata": write_stream(Stream(header, described.frames)),
        "one-pixel": codec.encode(picture(1, 1), 80),
        "one-row": codec.encode(picture(1, 37), 90),
        "odd-size": codec.encode(picture(97, 131, 4), 45.5),
        "quality-1": codec.encode(picture(48, 48, 5), 1),
        "quality-100": codec.encode(picture(48, 48, 5), 100),
        "padded": with_leading_zeros(still, 5),
        "sequence": sequence(codec, [picture(40, 56, 6), picture(40, 56, 7)]),
        **corner_streams(codec, picture),
    }


def with_leading_zeros(data: bytes, count: int) -> bytes:
    """The same still image with zero bytes before its payload, which a decoder skips."""
    stream = read_stream(data)
    frame = stream.frames[0]
    padded = FrameRecord(frame.quality, frame.level_map, bytes(count) + frame.payload)
    return write_stream(Stream(stream.header, (padded,)))


def sequence(codec: Codec, pictures: list[np.ndarray]) -> bytes:
    """A sequence of frames 200 ms apart, of falling quality."""
    frames = []
    for number, pixels in enumerate(pictures):
        frame = read_stream(codec.encode(pixels, 70 - 20 * number)).frames[0]
        frames.append(FrameRecord(frame.quality, frame.level_map, frame.payload, 200 * number))
    height, width = pictures[0].shape[:2]
    return write_stream(Stream(StreamHeader(width, height, codec.model_id, sequence=True), tuple(frames)))


def describe(codec: Codec, data: bytes) -> dict[str, object]:
    """The manifest's entry of a stream."""
    decode = partial(last_latents, codec) if may_predict(data) else codec.decode_latents
    header, frames = read_stream(data).header, [decode(alone) for alone in streams_of_frames(data)]
    return {
        "bytes": len(data),
        "width": header.width,
        "height": header.height,
        "grey": header.grey,
        "frames": [{"quality": frame.quality, "latents_sha256": digest_of(frame)} for frame in frames],
    }


def write(folder: Path, codec: Codec, made: dict[str, bytes]) -> None:
    """Write the streams that are not there yet, and add them to the manifest."""
    path = folder / MANIFEST
    kept = json.loads(path.read_text())["streams"] if path.is_file() else {}
    new = {name: data for name, data in made.items() if not (folder / f"{name}.cotam").exists()}
    for name, data in new.items():
        (folder / f"{name}.cotam").write_bytes(data)
    entries = {
        name: describe(codec, new[name]) if name in new else kept[name] for name in sorted({*kept, *new})
    }
    path.write_text(json.dumps({"model_id": codec.model_id.hex(), "streams": entries}, indent=2) + "\n")
    print(f"wrote {len(new)} streams, {sum(map(len, new.values()))} bytes; kept {len(entries) - len(new)}")


def main() -> None:
    """Write the files that the arguments ask for."""
    if "--shipped" in sys.argv[1:]:
        codec = load_codec()
        blank = {name: codec.encode(np.full((*size, 3), 128, np.uint8), 1) for name, size in BLANK.items()}
        made = streams(codec) | blank
        some = {name: made[name] for name in SHIPPED_NAMES}
        write(SHIPPED, codec, some | predicted_streams(codec, picture))
        return
    if "--elic" in sys.argv[1:]:
        codec = load_codec(elic_model())
        made = streams(codec)
        write(ELIC, codec, {name: made[name] for name in ELIC_NAMES})
        return
    if "--model" in sys.argv[1:]:
        for path in (*HERE.glob("*.cotam"), HERE / MANIFEST):
            path.unlink()
        make_model()
    codec = load_codec(MODEL)
    write(HERE, codec, streams(codec))


if __name__ == "__main__":
    main()
