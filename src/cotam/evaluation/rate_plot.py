"""Draw rate–distortion curves."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cotam.errors import CotamError
from cotam.evaluation.curves import Curve
from cotam.images import write_atomically

COLOURS = {"jpeg": "#7f7f7f", "webp": "#0072b2", "avif": "#d55e00", "cotam-s": "#009e73"}
"""One colour per codec, told apart by colour-blind readers too (Okabe and Ito)."""
MARKERS = {"jpeg": "s", "webp": "^", "avif": "D", "cotam-s": "o"}
RATE_TICKS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 4)
SIDE_INCHES, DOTS_PER_INCH = 6.0, 150
PANELS = (("psnr", "RGB PSNR (dB)"), ("ms_ssim_db", "MS-SSIM (dB)"))


def require_matplotlib() -> Any:
    """The drawing library's figure module.

    Raises:
        CotamError: it is not installed.
    """
    try:
        import matplotlib.figure
        import scipy.interpolate  # noqa: F401  BD-rates need it
    except ImportError as error:
        raise CotamError(f"{error.name} is not installed: pip install 'cotam[bench]'") from error
    return matplotlib.figure


def draw(curves: Sequence[Curve], path: Path, title: str) -> None:
    """Write a PNG with two panels, PSNR and MS-SSIM over a logarithmic rate.

    Raises:
        CotamError: matplotlib is not installed, or the file cannot be written.
    """
    figures = require_matplotlib()
    figure = figures.Figure(figsize=(2 * SIDE_INCHES, SIDE_INCHES), layout="constrained")
    figure.suptitle(title)
    for axes, (measure, label) in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
        for curve in curves:
            _draw_curve(axes, curve, measure)
        _dress(axes, label)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH)
    write_atomically(path, buffer.getvalue())


def _draw_curve(axes: Any, curve: Curve, measure: str) -> None:
    ours = curve.codec.startswith("cotam")
    axes.plot(
        [point.bpp for point in curve.points],
        [getattr(point, measure) for point in curve.points],
        label=curve.codec,
        color=COLOURS.get(curve.codec),
        marker=MARKERS.get(curve.codec, "."),
        markersize=4,
        linewidth=2.4 if ours else 1.4,
        zorder=3 if ours else 2,
    )


def _dress(axes: Any, label: str) -> None:
    axes.set_xscale("log")
    axes.set_xticks(RATE_TICKS, labels=[f"{tick:g}" for tick in RATE_TICKS])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("bits per pixel, whole file")
    axes.set_ylabel(label)
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left", frameon=False)
