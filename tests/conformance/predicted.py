"""Golden sequences of predicted frames, of all that such a frame can be."""

from collections.abc import Callable

import numpy as np

from cotam.bitstream import Stream, StreamHeader, write_stream
from cotam.bitstream.limits import PREDICTION_VERSION
from cotam.codec import Codec, LevelMap
from cotam.codec.frame_encoding import FrameEncoder
from cotam.codec.temporal import load_temporal_codec

HEIGHT, WIDTH = 70, 102
"""No multiples of a cell."""


def predicted_streams(codec: Codec, picture: Callable[..., np.ndarray]) -> dict[str, bytes]:
    """The sequences by name; ``picture`` makes what is filmed."""
    canvas, other = picture(HEIGHT + 40, WIDTH + 40, 8), picture(HEIGHT, WIDTH, 9)
    rng = np.random.default_rng(10)
    still = look(canvas, 0, 0)
    panned = [look(canvas, 3 * n, 5 * n) for n in range(4)]
    noisy = [np.clip(still + rng.normal(0, 6, still.shape), 0, 255).astype(np.uint8) for _ in range(3)]
    maps = [LevelMap(rng.integers(-1, 2, (3, 4))) for _ in range(2)]
    return {
        # moved, not changed at all (an empty payload), and cut to another scene
        "predicted": coded(codec, [*panned, panned[-1], other, other]),
        "predicted-noise": coded(codec, noisy, [90, 90, 90]),
        "predicted-qualities": coded(codec, panned, [30, 100, 1, 55.5]),
        "predicted-maps": coded(codec, panned, maps=[None, maps[0], maps[1], None]),
        "predicted-grey": coded(codec, [frame[..., 0] for frame in panned]),
        "predicted-one-pixel": coded(codec, [canvas[:1, n : n + 1] for n in range(3)]),
        "predicted-keys": coded(codec, [*panned, *panned[::-1]], interval=3),
    }


def look(canvas: np.ndarray, row: int, column: int) -> np.ndarray:
    """What a camera at that place sees of the canvas."""
    return np.ascontiguousarray(canvas[row : row + HEIGHT, column : column + WIDTH])


def coded(
    codec: Codec,
    frames: list[np.ndarray],
    qualities: list[float] | None = None,
    maps: list[LevelMap | None] | None = None,
    interval: int = 50,
) -> bytes:
    """A sequence of these frames, 40 ms apart."""
    encoder = FrameEncoder(load_temporal_codec(codec), interval)
    qualities, maps = qualities or [40] * len(frames), maps or [None] * len(frames)
    records = [
        encoder.encode(codec.analyse(frame), quality, level_map, timestamp_ms=40 * number)
        for number, (frame, quality, level_map) in enumerate(zip(frames, qualities, maps, strict=True))
    ]
    height, width = frames[0].shape[:2]
    grey = frames[0].ndim == 2
    header = StreamHeader(width, height, codec.model_id, grey, sequence=True, version=PREDICTION_VERSION)
    return write_stream(Stream(header, tuple(records)))
