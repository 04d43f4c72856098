"""What lower precision of the float networks costs in rate, on an edge runtime."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any, Final

import numpy as np

from cotam.edge import load_edge_codec
from cotam.edge.codec import EdgeCodec
from cotam.edge.runtimes import Precision
from cotam.evaluation.rivals import Pixels
from cotam.metrics import bd_rate, psnr

QUALITIES: Final = (5.0, 15.0, 30.0, 45.0, 60.0, 75.0, 90.0)
PRECISIONS: Final[tuple[Precision, ...]] = ("float32", "bfloat16")


def compare_precisions(pictures: Sequence[Pixels], threads: int | None = None) -> list[dict[str, Any]]:
    """Rate and PSNR of OpenVINO with each precision, and BD-rate against float32.

    Returns:
        One row for each precision: ``bpp`` and ``psnr`` by quality, and ``bd_rate`` in per cent.
    """
    rows: list[dict[str, Any]] = []
    for precision in PRECISIONS:
        codec = load_edge_codec(runtime="openvino", precision=precision, threads=threads)
        curve = [_point(codec, pictures, quality) for quality in QUALITIES]
        rows.append(
            {
                "runtime": "openvino",
                "precision": precision,
                "pictures": len(pictures),
                "qualities": list(QUALITIES),
                "bpp": [round(bpp, 5) for bpp, _ in curve],
                "psnr": [round(quality, 4) for _, quality in curve],
            }
        )
        found = bd_rate(rows[0]["bpp"], rows[0]["psnr"], rows[-1]["bpp"], rows[-1]["psnr"])
        rows[-1]["bd_rate"] = round(found.percent, 4)
    return rows


def _point(codec: EdgeCodec, pictures: Sequence[Pixels], quality: float) -> tuple[float, float]:
    """Mean bits per pixel and mean PSNR."""
    streams = [codec.encode(pixels, quality) for pixels in pictures]
    decoded = [np.asarray(codec.decode(data).convert("RGB")) for data in streams]
    bpp = fmean(8 * len(data) / pixels[..., 0].size for data, pixels in zip(streams, pictures, strict=True))
    return bpp, fmean(psnr(pixels, found) for pixels, found in zip(pictures, decoded, strict=True))
