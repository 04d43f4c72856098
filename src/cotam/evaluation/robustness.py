"""``cotam bench robustness``: what a decoder does with spoilt streams."""

import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from cotam.bitstream import Stream, read_header, read_stream, write_stream
from cotam.codec import Codec, LevelMap
from cotam.codec.temporal import TemporalCodec
from cotam.errors import BitstreamError, ModelError
from cotam.evaluation.frames import predicted_sequence
from cotam.evaluation.memory import peak_memory
from cotam.evaluation.mutations import mutate
from cotam.evaluation.synthetic import synthetic_picture

SIZES = ((1, 1), (17, 3), (64, 64), (150, 97), (320, 200))
MAX_SECONDS = 2.0
MAX_GROWTH = 500_000_000
"""Bytes by which one stream may raise the process's peak memory."""
PICTURE, REFUSED, OTHER_MODEL = "picture", "BitstreamError", "another model"
ALLOWED = (PICTURE, REFUSED, OTHER_MODEL)


@dataclass(frozen=True)
class Outcome:
    """What one stream led to."""

    index: int
    mutation: str
    result: str
    """One of `ALLOWED`, or the name of an exception that must not happen."""
    seconds: float
    """Processor time of all threads, so that a busy machine makes no failures."""
    growth: int
    """Bytes by which the process's peak memory rose."""
    message: str = ""
    """Text of an exception that must not happen."""
    stream: str = ""
    """The stream that led to it, in hex."""

    @property
    def failed(self) -> bool:
        """Whether this must not happen."""
        return self.result not in ALLOWED or self.seconds > MAX_SECONDS or self.growth > MAX_GROWTH


def valid_streams(codec: Codec, temporal: TemporalCodec | None = None) -> list[bytes]:
    """Streams of many kinds to spoil: sizes, qualities, level maps, grey, metadata, sequences.

    Args:
        codec: encodes them.
        temporal: the same with networks of predicted frames; None leaves these out.
    """
    levels = LevelMap(np.random.default_rng(0).integers(-1, 2, (3, 5)).astype(np.int8))
    found = []
    for width, height in SIZES:
        pixels = synthetic_picture(width, height)
        found += [codec.encode(pixels, quality) for quality in (1, 50, 100)]
        found.append(codec.encode(pixels, 40, level_map=levels))
    found.append(codec.encode(Image.fromarray(pixels).convert("L"), 40))
    found.append(codec.encode(_with_exif(Image.fromarray(pixels)), 40, keep_metadata=True))
    found.append(_sequence(found[-6:-2]))
    return [*found, *_predicted(temporal, levels)] if temporal else found


def _predicted(temporal: TemporalCodec, levels: LevelMap) -> list[bytes]:
    """Sequences of predicted frames: moved with a level map, not changed at all, of one cell."""
    picture = synthetic_picture(128, 80)
    moved = [np.ascontiguousarray(picture[n : n + 64, 2 * n : 2 * n + 96]) for n in range(0, 16, 4)]
    small = [moved[0][n : n + 9, :16] for n in range(3)]
    return [
        predicted_sequence(temporal, moved, level_map=levels),
        predicted_sequence(temporal, [*moved[:2], moved[1]], 90),
        predicted_sequence(temporal, small),
    ]


def try_stream(
    decode: Callable[[bytes], object], codec_id: bytes, seed: int, index: int, streams: Sequence[bytes]
) -> Outcome:
    """Make one case and decode it."""
    mutation, data = mutate(seed, index, streams)
    before, began = peak_memory(), time.process_time()
    message = ""
    try:
        decode(data)
        result = PICTURE
    except BitstreamError:
        result = REFUSED
    except ModelError as error:
        right = read_header(data)[0].model_id != codec_id
        result, message = (OTHER_MODEL, "") if right else ("ModelError", str(error))
    except Exception as error:  # whatever else comes is the finding
        result, message = type(error).__name__, str(error)
    seconds, growth = time.process_time() - began, peak_memory() - before
    outcome = Outcome(index, mutation, result, seconds, growth, message)
    return dataclasses.replace(outcome, stream=data.hex()) if outcome.failed else outcome


def _with_exif(image: Image.Image) -> Image.Image:
    exif = Image.Exif()
    exif[0x010E] = "a description"
    image.info["exif"] = exif.tobytes()
    return image


def _sequence(stills: Sequence[bytes]) -> bytes:
    """A sequence made of still images of one size."""
    parsed = [read_stream(data) for data in stills]
    header = dataclasses.replace(parsed[0].header, sequence=True)
    frames = (dataclasses.replace(still.frames[0], timestamp_ms=40 * n) for n, still in enumerate(parsed))
    return write_stream(Stream(header, tuple(frames)))


def summary(outcomes: Sequence[Outcome]) -> dict[str, object]:
    """Count what happened, JSON-ready; ``failures`` lists everything that must not happen."""
    slowest = max(outcomes, key=lambda outcome: outcome.seconds)
    return {
        "outcomes": dict(Counter(outcome.result for outcome in outcomes)),
        "mutations": dict(Counter(f"{outcome.mutation}: {outcome.result}" for outcome in outcomes)),
        "slowest_seconds": round(slowest.seconds, 4),
        "slowest_index": slowest.index,
        "largest_growth_bytes": max(outcome.growth for outcome in outcomes),
        "total_growth_bytes": sum(outcome.growth for outcome in outcomes),
        "failures": [dataclasses.asdict(outcome) for outcome in outcomes if outcome.failed],
    }
