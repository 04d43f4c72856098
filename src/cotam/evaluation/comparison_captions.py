"""What stands on a comparison's page, whatever its form: a column for the original and each codec."""

from dataclasses import dataclass

from cotam.evaluation.compare import Comparison, Rendition
from cotam.evaluation.rivals import Pixels


@dataclass(frozen=True, eq=False)
class Panel:
    """One column."""

    name: str
    """Heading."""
    pixels: Pixels
    """The picture."""
    lines: list[str]
    """What stands below it."""
    rendition: Rendition | None = None
    """Where the column is a codec's; None for the original."""

    @property
    def is_original(self) -> bool:
        """Whether it shows the original."""
        return self.rendition is None

    @property
    def is_cotam(self) -> bool:
        """Whether it shows cotam's rendition."""
        return self.rendition is not None and self.rendition.codec == "cotam"

    @property
    def too_large(self) -> bool:
        """Whether the codec could not come down to the size of the others; the last line says so."""
        return self.rendition is not None and not self.rendition.fits


def panels(comparison: Comparison) -> list[Panel]:
    """All columns: the original, cotam, and the rivals."""
    height, width = comparison.original.shape[:2]
    raw = f"{3 * width * height:,} bytes as plain RGB"
    original = Panel("Original", comparison.original, [f"{width} x {height} pixels", raw])
    return [original, *(_panel(rendition) for rendition in comparison.renditions)]


def subtitle(comparison: Comparison) -> str:
    """The line below the title."""
    limit = f"Every codec at its best quality within cotam's {len(comparison.cotam.data):,} bytes"
    missing = "".join(f"; {name} left out: {why}" for name, why in comparison.missing.items())
    return f"{limit}{missing}. Below: the marked detail, enlarged."


def _panel(rendition: Rendition) -> Panel:
    size = f"{len(rendition.data):,} bytes"
    lines = [
        f"{size} · {rendition.bpp:.3f} bpp",
        f"PSNR {rendition.psnr:.2f} dB · MS-SSIM {rendition.ms_ssim:.4f}",
        f"quality {rendition.quality:g}" if rendition.fits else f"too large: smallest possible is {size}",
    ]
    return Panel(rendition.codec, rendition.pixels, lines, rendition)
