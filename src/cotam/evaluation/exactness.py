"""``cotam bench exactness``: do all ways of decoding a stream give the same integers?"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import cycle, islice

import numpy as np

from cotam.bitstream import read_header
from cotam.codec import Codec, LatentImage, LevelMap
from cotam.edge import EdgeCodec
from cotam.edge.records import ArrayLatents
from cotam.errors import BitstreamError
from cotam.evaluation.frames import last_latents, may_predict
from cotam.evaluation.rivals.rival import Pixels
from cotam.evaluation.variations import Variation

QUALITIES = (10.0, 50.0, 90.0)


@dataclass(frozen=True)
class Sample:
    """A stream and what it must decode to."""

    picture: str
    quality: float
    uniform: bool
    """Whether its level map is uniform."""
    data: bytes
    """A still image; or a sequence of version 2, whose last frame is meant."""
    digest: str
    """SHA-256 of the decoded integer latents, see `digest_of`."""

    @cached_property
    def predicted(self) -> bool:
        """Whether it is a sequence that may hold predicted frames."""
        return may_predict(self.data)


@dataclass(frozen=True)
class Mismatch:
    """A stream that a variation decoded to other integers."""

    variation: str
    picture: str
    quality: float
    uniform: bool
    problem: str
    """Digest of what came instead, or the refusal."""


def digest_of(image: LatentImage | ArrayLatents) -> str:
    """SHA-256, in hex, of the latents' shape and of their values as little-endian int64."""
    latents = image.latents if isinstance(image, ArrayLatents) else image.latents.cpu().numpy()
    values = latents.astype("<i8")
    return hashlib.sha256(f"{values.shape}".encode() + np.ascontiguousarray(values).tobytes()).hexdigest()


def level_maps() -> list[tuple[float, LevelMap | None]]:
    """Qualities and level maps that every picture is coded with."""
    rng = np.random.default_rng(0)
    three = LevelMap(rng.integers(-1, 2, (4, 6)).astype(np.int8))
    five = LevelMap(rng.integers(-2, 3, (9, 7)).astype(np.int8), count=5, strength=4.5)
    return [*((quality, None) for quality in QUALITIES), (50.0, three), (90.0, five)]


def model_ids(samples: Sequence[Sample]) -> list[str]:
    """Which models made the streams: their ids in hex, each once, sorted."""
    return sorted({read_header(sample.data)[0].model_id.hex() for sample in samples})


def make_samples(codec: Codec, picture: str, pixels: Pixels) -> Iterator[Sample]:
    """Code a picture in every way of `level_maps` and decode it plainly."""
    analysis = codec.analyse(pixels)
    for quality, level_map in level_maps():
        data = codec.encode_analysis(analysis, quality, level_map).data
        yield Sample(picture, quality, level_map is None, data, digest_of(codec.decode_latents(data)))


def mismatches(
    variation: Variation, codec: Codec | EdgeCodec, samples: Sequence[Sample]
) -> Iterator[Mismatch | None]:
    """Decode samples under a variation; one result a sample, None where the integers are the same.

    An edge codec, which knows still images alone, is not asked for predicted frames: it gives no result for them.
    """
    asked = [sample for sample in samples if not (sample.predicted and isinstance(codec, EdgeCodec))]
    with variation.settings():
        for group in _groups(asked, variation.batch):
            full = list(islice(cycle(group), variation.batch))
            try:
                found = [digest_of(image) for image in _decode(variation, codec, full)]
            except BitstreamError as error:
                found = [str(error)] * len(full)
            for sample, digest in zip(group, found, strict=False):
                wrong = Mismatch(variation.name, sample.picture, sample.quality, sample.uniform, digest)
                yield None if digest == sample.digest else wrong


def _decode(
    variation: Variation, codec: Codec | EdgeCodec, samples: Sequence[Sample]
) -> Sequence[LatentImage | ArrayLatents]:
    """Decode samples of one size, all of them predicted or none."""
    if not samples[0].predicted:
        return codec.decode_latents_batch([sample.data for sample in samples])
    assert isinstance(codec, Codec)
    temporal = variation.load_temporal(codec)
    return [last_latents(codec, sample.data, temporal) for sample in samples]


def _groups(samples: Sequence[Sample], batch: int) -> Iterator[list[Sample]]:
    """Samples of one size and kind, at most ``batch`` together: only those go through the networks at once."""
    alike: dict[tuple[int, int, bool], list[Sample]] = defaultdict(list)
    for sample in samples:
        header, _ = read_header(sample.data)
        alike[header.width, header.height, sample.predicted].append(sample)
    for group in alike.values():
        for start in range(0, len(group), batch):
            yield group[start : start + batch]
