"""``cotam bench guidance``: what a level map moves at equal bytes, what it costs in bytes and in time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cotam.codec import Analysis, Codec, Guide, LevelMap
from cotam.codec.guiding import side_information_bytes
from cotam.evaluation.regional_bits import regional_bits
from cotam.evaluation.rivals import Pixels
from cotam.guidance import LevelOptions, MapGuidance, SaliencyGuidance, UniformGuidance

QUALITY = 40.0
"""Quality of the uniform stream whose bytes the guided one gets."""
STRENGTH = 10.0
GRIDS = (8, 16, 32)
LEAST_ERROR = 1e-5
"""Mean squared error below which a region counts as exact, so that PSNR stays finite."""
REGIONS = ("lowered", "kept", "raised")
"""Names of the regions of level -1, 0 and 1."""


def user_map() -> NDArray[np.float32]:
    """A map as a user would draw it: 8 x 8, the middle quarter bright, a grey ring around it, the border dark."""
    drawn = np.zeros((8, 8), np.float32)
    drawn[1:7, 1:7] = 0.5
    drawn[2:6, 2:6] = 1
    return drawn


@dataclass(frozen=True)
class Moved:
    """One region of one picture: guided and uniform streams of the same size, and what the level promises."""

    picture: str
    region: str
    level: int
    uniform_bytes: float
    """Bytes of the region's latents in the uniform stream."""
    guided_bytes: float
    """In the guided stream, whose size is at most that of the uniform one."""
    promised_bytes: float
    """In a uniform stream of the region's own quality: the guided stream's, shifted by the level."""
    uniform_psnr: float
    """Of the region, dB."""
    guided_psnr: float
    promised_psnr: float


def moved_bytes(codec: Codec, name: str, pixels: Pixels) -> tuple[list[Moved], dict[str, Any]]:
    """Encode a picture uniformly, and with the user's map in as many bytes.

    Returns:
        One row a region, and the sizes and qualities of the two streams.
    """
    analysis = codec.analyse(pixels)
    level_map = Guide(MapGuidance(user_map()), LevelOptions(strength=STRENGTH)).level_map(pixels)
    uniform = codec.encode_analysis(analysis, QUALITY).data
    guided = codec.encode_to_size(analysis, len(uniform), level_map).data
    base = codec.decode_latents(guided).quality
    streams = {"picture": name, "uniform_bytes": len(uniform), "guided_bytes": len(guided), "quality": base}
    return list(_regions(codec, name, analysis, level_map, base)), streams


def _regions(
    codec: Codec, name: str, analysis: Analysis, level_map: LevelMap, base: float
) -> Iterator[Moved]:
    labels = level_map.cells(*analysis.y.shape[-2:]).astype(np.int64) + 1
    uniform = _measured(codec, analysis, QUALITY, None, labels)
    guided = _measured(codec, analysis, base, level_map, labels)
    for region in map(int, np.unique(labels)):
        own = min(max(base + (region - 1) * level_map.strength, 1.0), 100.0)
        promised = _measured(codec, analysis, own, None, labels)
        numbers = [part[region] for way in (uniform, guided, promised) for part in way]
        sizes, psnrs = [round(x, 1) for x in numbers[::2]], [round(x, 3) for x in numbers[1::2]]
        yield Moved(name, REGIONS[region], region - 1, *sizes, *psnrs)


def _measured(
    codec: Codec, analysis: Analysis, quality: float, level_map: LevelMap | None, labels: NDArray[np.int64]
) -> tuple[list[float], list[float]]:
    """Bytes and PSNR of each region; PSNR is 0 of one without cells."""
    bits = regional_bits(codec, analysis, quality, level_map, labels)
    source = analysis.source.pixels
    decoded = codec.decode(codec.encode_analysis(analysis, quality, level_map).data).convert("RGB")
    spread = labels.repeat(codec.stride, 0).repeat(codec.stride, 1)[: source.shape[0], : source.shape[1]]
    errors = (np.asarray(decoded, np.float64) - source) ** 2
    means = {region: max(float(errors[spread == region].mean()), LEAST_ERROR) for region in np.unique(labels)}
    psnrs = [10 * float(np.log10(255**2 / means.get(region, 255**2))) for region in range(len(bits))]
    return [float(count) / 8 for count in bits], psnrs


def side_information(pictures: Iterable[tuple[str, Pixels]]) -> list[dict[str, Any]]:
    """Bytes of saliency's level maps on each grid, picture by picture, and of the uniform map."""
    rows = []
    for name, pixels in pictures:
        values = SaliencyGuidance().importance(pixels)
        sizes = {
            f"{grid}x{grid}": side_information_bytes(
                LevelMap(LevelOptions(grid=grid).levels(values, *pixels.shape[:2]))
            )
            for grid in GRIDS
        }
        uniform = side_information_bytes(Guide(UniformGuidance()).level_map(pixels))
        rows.append({"picture": name, **sizes, "uniform": uniform})
    return rows


def summary(
    moved: Sequence[Moved], streams: Sequence[dict[str, Any]], sides: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Means over the pictures, JSON-ready, with everything that they are made of."""
    fields = [field for field in asdict(moved[0]) if field not in ("picture", "region", "level")]
    regions = [
        {"region": word, "level": index - 1}
        | {
            field: round(fmean(getattr(row, field) for row in moved if row.region == word), 3)
            for field in fields
        }
        for index, word in enumerate(REGIONS)
        if any(row.region == word for row in moved)
    ]
    kinds = [kind for kind in sides[0] if kind != "picture"]
    return {
        "quality": QUALITY,
        "strength": STRENGTH,
        "regions": regions,
        "mean_stream_bytes": {
            kind: round(fmean(row[f"{kind}_bytes"] for row in streams), 1) for kind in ("uniform", "guided")
        },
        "side_information": {kind: round(fmean(row[kind] for row in sides), 2) for kind in kinds},
        "streams": list(streams),
        "moved": [asdict(row) for row in moved],
        "side_information_bytes": list(sides),
    }
