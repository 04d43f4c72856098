"""``cotam eval human``: what people see. PSNR and MS-SSIM, with guidance and without, in raised cells and elsewhere.

There is no learned measure such as LPIPS: its package brings the linear weights, but the AlexNet or VGG below them has
to be had from elsewhere, so it could not run from packages alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from statistics import fmean
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cotam.codec import Analysis, Codec, Guide, LevelMap
from cotam.evaluation.rate import CEILING_DB, similarity_db
from cotam.evaluation.rivals import Pixels
from cotam.metrics import ms_ssim, psnr

WAYS: Final = ("uniform", "guided")
SIGNIFICANT: Final = 6


@dataclass(frozen=True)
class Seen:
    """One picture, coded one way at one rate."""

    picture: str
    quality: float
    """Of the uniform stream; the guided one has as many bytes at most."""
    way: str
    """Of `WAYS`."""
    bytes: int
    bpp: float
    psnr: float
    """RGB, dB."""
    ms_ssim: float
    """0..1."""
    raised_share: float
    """Share of the picture in cells that guidance raises."""
    psnr_raised: float | None
    """PSNR of those cells; None where there are none."""
    psnr_elsewhere: float | None
    """PSNR of all others."""
    ms_ssim_raised: float | None
    """MS-SSIM with all other cells exact: what the damage in these costs."""
    ms_ssim_elsewhere: float | None


def look(codec: Codec, guide: Guide, name: str, pixels: Pixels, qualities: Sequence[float]) -> Iterator[Seen]:
    """Code a picture at each quality without guidance, and with guidance in as many bytes.

    Args:
        codec: the codec.
        guide: the guidance.
        name: of the picture.
        pixels: the picture.
        qualities: of the uniform streams.
    """
    analysis, level_map = codec.analyse(pixels), guide.level_map(pixels)
    raised = raised_pixels(level_map, *pixels.shape[:2])
    for quality in qualities:
        uniform = codec.encode_analysis(analysis, quality).data
        streams = (uniform, _guided(codec, analysis, len(uniform), level_map))
        for way, data in zip(WAYS, streams, strict=True):
            if data is not None:
                decoded = np.asarray(codec.decode(data).convert("RGB"))
                yield _seen(name, quality, way, data, pixels, decoded, raised)


def raised_pixels(level_map: LevelMap, height: int, width: int) -> NDArray[np.bool_]:
    """Which pixels lie in cells of a level above 0, (height, width)."""
    return np.asarray(level_map.cells(height, width) > 0)


def summary(rows: Sequence[Seen]) -> list[dict[str, Any]]:
    """Means over pictures, by quality and way; MS-SSIM also in dB, of the mean."""
    groups: dict[tuple[float, str], list[Seen]] = {}
    for row in rows:
        groups.setdefault((row.quality, row.way), []).append(row)
    return [
        {"quality": quality, "way": way, "pictures": len(group)} | _means(group)
        for (quality, way), group in sorted(groups.items())
    ]


def _means(group: Iterable[Seen]) -> dict[str, Any]:
    columns = {
        field.name: [value for row in group if (value := getattr(row, field.name)) is not None]
        for field in fields(Seen)
        if field.name not in ("picture", "quality", "way")
    }
    means = {name: fmean(values) if values else None for name, values in columns.items()}
    return means | {"ms_ssim_db": similarity_db(means["ms_ssim"] or 0.0)}


def as_row(seen: Seen) -> dict[str, Any]:
    """Plain values, floats with `SIGNIFICANT` digits."""
    return {
        name: float(f"{value:.{SIGNIFICANT}g}") if isinstance(value, float) else value
        for name, value in asdict(seen).items()
    }


def _guided(codec: Codec, analysis: Analysis, limit: int, level_map: LevelMap) -> bytes | None:
    """The guided stream; None where even the lowest quality takes more bytes."""
    try:
        return codec.encode_to_size(analysis, limit, level_map).data
    except ValueError:
        return None


def _seen(
    name: str,
    quality: float,
    way: str,
    data: bytes,
    original: Pixels,
    decoded: Pixels,
    raised: NDArray[np.bool_],
) -> Seen:
    return Seen(
        picture=name,
        quality=quality,
        way=way,
        bytes=len(data),
        bpp=8 * len(data) / raised.size,
        psnr=min(psnr(original, decoded), CEILING_DB),
        ms_ssim=ms_ssim(original, decoded),
        raised_share=float(raised.mean()),
        psnr_raised=_psnr_within(original, decoded, raised),
        psnr_elsewhere=_psnr_within(original, decoded, ~raised),
        ms_ssim_raised=_ms_ssim_within(original, decoded, raised),
        ms_ssim_elsewhere=_ms_ssim_within(original, decoded, ~raised),
    )


def _psnr_within(original: Pixels, decoded: Pixels, part: NDArray[np.bool_]) -> float | None:
    if not part.any():
        return None
    return min(psnr(original[part][None], decoded[part][None]), CEILING_DB)


def _ms_ssim_within(original: Pixels, decoded: Pixels, part: NDArray[np.bool_]) -> float | None:
    return ms_ssim(original, np.where(part[..., None], decoded, original)) if part.any() else None
