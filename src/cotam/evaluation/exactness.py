"""``cotam bench exactness``: do all ways of decoding a stream give the same integers?"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any, Protocol

import numpy as np
import torch

from cotam.bitstream import read_header
from cotam.codec import Codec, LevelMap
from cotam.errors import BitstreamError
from cotam.evaluation.rivals.rival import Pixels
from cotam.evaluation.variations import LatentDecoder, Variation

QUALITIES = (10.0, 50.0, 90.0)


@dataclass(frozen=True)
class Sample:
    """A stream and what it must decode to."""

    picture: str
    quality: float
    uniform: bool
    """Whether its level map is uniform."""
    data: bytes
    digest: str
    """SHA-256 of the decoded integer latents, see `digest_of`."""


@dataclass(frozen=True)
class Mismatch:
    """A stream that a variation decoded to other integers."""

    variation: str
    picture: str
    quality: float
    uniform: bool
    problem: str
    """What came instead."""


class HasLatents(Protocol):
    """What any runtime decodes a stream to."""

    @property
    def latents(self) -> Any:
        """Integer latents (M, h, w): a tensor on any device, or an array."""


def digest_of(image: HasLatents) -> str:
    """SHA-256, in hex, of the latents' shape and of their values as little-endian int64."""
    latents = image.latents.cpu().numpy() if isinstance(image.latents, torch.Tensor) else image.latents
    values = latents.astype("<i8")
    return hashlib.sha256(f"{values.shape}".encode() + np.ascontiguousarray(values).tobytes()).hexdigest()


def level_maps() -> list[tuple[float, LevelMap | None]]:
    """Qualities and level maps that every picture is coded with."""
    rng = np.random.default_rng(0)
    three = LevelMap(rng.integers(-1, 2, (4, 6)).astype(np.int8))
    five = LevelMap(rng.integers(-2, 3, (9, 7)).astype(np.int8), count=5, strength=4.5)
    return [*((quality, None) for quality in QUALITIES), (50.0, three), (90.0, five)]


def make_samples(codec: Codec, picture: str, pixels: Pixels) -> Iterator[Sample]:
    """Code a picture in every way of `level_maps` and decode it plainly."""
    analysis = codec.analyse(pixels)
    for quality, level_map in level_maps():
        data = codec.encode_analysis(analysis, quality, level_map).data
        yield Sample(picture, quality, level_map is None, data, digest_of(codec.decode_latents(data)))


def mismatches(
    variation: Variation, decoder: LatentDecoder, samples: Sequence[Sample]
) -> Iterator[Mismatch | None]:
    """Decode all samples under a variation; one result a sample, None where the integers are the same."""
    with variation.settings():
        for group in _groups(samples, variation.batch):
            full = list(islice(cycle(group), variation.batch))
            found = _digests(decoder, [sample.data for sample in full])
            for sample, digest in zip(group, found, strict=False):
                wrong = Mismatch(variation.name, sample.picture, sample.quality, sample.uniform, digest)
                yield None if digest == sample.digest else wrong


def _digests(decoder: LatentDecoder, streams: list[bytes]) -> list[str]:
    """Digests of what streams decode to; of one that is refused, the refusal."""
    try:
        if len(streams) == 1:
            return [digest_of(decoder.decode_latents(streams[0]))]
        return [digest_of(image) for image in decoder.decode_latents_batch(streams)]
    except BitstreamError as error:
        return [str(error)] * len(streams)


def _groups(samples: Sequence[Sample], batch: int) -> Iterator[list[Sample]]:
    """Samples of one size, at most ``batch`` together: only those go through the networks at once."""
    by_size: dict[tuple[int, int], list[Sample]] = defaultdict(list)
    for sample in samples:
        header, _ = read_header(sample.data)
        by_size[header.width, header.height].append(sample)
    for group in by_size.values():
        for start in range(0, len(group), batch):
            yield group[start : start + batch]
