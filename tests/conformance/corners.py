"""Golden streams of the format's corners: level maps of all kinds, extremes of latents, thin grids, odd containers."""

import dataclasses
from collections.abc import Callable

import numpy as np
import torch

from cotam.bitstream import FrameRecord, Metadata, Stream, StreamHeader, read_stream, write_stream
from cotam.bitstream.byte_reader import varint_bytes
from cotam.bitstream.checksum import checksum
from cotam.bitstream.limits import MAX_GRID
from cotam.codec import Codec, LevelMap

Picture = Callable[..., np.ndarray]
"""Makes a picture from height, width and seed."""
UNKNOWN_TYPE = 200
METADATA_FLAG = 2


def corner_streams(codec: Codec, picture: Picture) -> dict[str, bytes]:
    """All of them by name."""
    return {
        **level_maps(codec, picture),
        **shapes(codec, picture),
        **containers(codec, picture),
        "extreme-latents": extreme_latents(codec, picture(40, 56, 11)),
    }


def level_maps(codec: Codec, picture: Picture) -> dict[str, bytes]:
    """Five and seven levels, the finest and the coarsest grid, shifts beyond both ends of the quality scale."""
    rng = np.random.default_rng(8)
    five = LevelMap(rng.integers(-2, 3, (5, 3)), count=5, strength=0.5)
    seven = LevelMap(rng.integers(-3, 4, (9, 11)), count=7, strength=12.5)
    finest = LevelMap(rng.integers(-1, 2, (MAX_GRID, MAX_GRID)), strength=3)
    beyond = LevelMap(rng.integers(-4, 5, (6, 6)), count=9, strength=50)
    return {
        "five-levels": codec.encode(picture(33, 70, 8), 55, level_map=five),
        "seven-levels": codec.encode(picture(80, 64, 9), 30, level_map=seven),
        "finest-map": codec.encode(picture(60, 60, 10), 50, level_map=finest),
        "beyond-the-scale": codec.encode(picture(96, 96, 11), 50, level_map=beyond),
        "one-cell": codec.encode(picture(20, 20, 12), 50, level_map=LevelMap([[-1]], strength=20)),
        "grey-map": codec.encode(picture(50, 40, 13)[..., 0], 65, level_map=five),
    }


def shapes(codec: Codec, picture: Picture) -> dict[str, bytes]:
    """Grids of latents that are one cell thin, odd, or large."""
    return {
        "one-column": codec.encode(picture(53, 1, 14), 90),
        "odd-grid": codec.encode(picture(17, 80, 15), 70),
        "large": codec.encode(picture(272, 400, 16), 45),
        "large-map": codec.encode(
            picture(272, 400, 17),
            35,
            level_map=LevelMap(np.random.default_rng(9).integers(-1, 2, (8, 8)), strength=15),
        ),
        "quality-eighths": codec.encode(picture(48, 64, 18), 99.875),
    }


def containers(codec: Codec, picture: Picture) -> dict[str, bytes]:
    """Parts that the container may carry and most streams do not."""
    still = read_stream(codec.encode(picture(24, 40, 19), 40))
    tiny = StreamHeader(1, 1, codec.model_id)
    return {
        "empty-payload": write_stream(Stream(tiny, (FrameRecord(50.0, None, b""),))),
        "unknown-metadata": with_unknown_metadata(write_stream(still)),
        "grey-sequence": grey_sequence(codec, picture),
    }


def with_unknown_metadata(data: bytes) -> bytes:
    """A still image with an item of a type that readers skip, before its EXIF."""
    head, body = data[:13], data[13:-4]
    item = b"of a later release"
    items = bytes([UNKNOWN_TYPE]) + varint_bytes(len(item)) + item + b"\1\4exif"
    flagged = head[:4] + bytes([head[4] | METADATA_FLAG]) + head[5:]
    whole = flagged + varint_bytes(2) + items + body
    return whole + checksum(whole)


def grey_sequence(codec: Codec, picture: Picture) -> bytes:
    """Three grey frames with metadata, one of them with a level map, at uneven times."""
    level_map = LevelMap([[1, 0, -1], [0, 1, 0]])
    coded = [
        codec.encode(picture(30, 45, 20 + n)[..., 0], 60, level_map=level_map if n == 1 else None)
        for n in range(3)
    ]
    frames = [
        dataclasses.replace(read_stream(data).frames[0], timestamp_ms=time)
        for data, time in zip(coded, (0, 40, 100_000), strict=True)
    ]
    header = StreamHeader(45, 30, codec.model_id, True, True, Metadata(icc=b"profile"))
    return write_stream(Stream(header, tuple(frames)))


def extreme_latents(codec: Codec, pixels: np.ndarray) -> bytes:
    """Latents far beyond any picture's: the largest symbols, hyper-latents and saturated activations."""
    analysis = codec.analyse(pixels)
    rng = np.random.default_rng(10)
    shape = tuple(analysis.y.shape)
    huge = rng.choice([-1, 1], shape) * 10.0 ** rng.integers(-1, 8, shape)
    spoilt = dataclasses.replace(analysis, y=torch.from_numpy(huge).float())
    return codec.encode_analysis(spoilt, 100).data
