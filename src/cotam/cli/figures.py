"""What one conversion, and all of them together, came to."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cotam.cli.console import plural, size_text
from cotam.codec import StreamInfo


@dataclass(frozen=True)
class Figures:
    """One picture that was encoded or decoded."""

    source: str
    """Input, as it was named."""
    output: str
    """What was written."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""
    bytes_in: int
    """Size of the input."""
    bytes_out: int
    """Size of the output."""
    bpp: float
    """Bits of the stream per pixel."""
    quality: float
    """Quality of the stream, 1 to 100."""
    model: str
    """Name of the stream's model, or its id if it does not ship."""
    seconds: float
    """Time from reading to writing, models loaded."""
    frames: int = 1
    """Number of pictures."""

    def line(self) -> str:
        """The same in one line for people."""
        count = f"{plural(self.frames, 'frame')}, " if self.frames != 1 else ""
        size = (
            f"{self.width} x {self.height}, {count}{size_text(self.bytes_in)} -> {size_text(self.bytes_out)}"
        )
        return f"{self.source} -> {self.output}: {size}, {self.bpp:.3f} bpp, {self.seconds:.2f} s"


def figures(
    source: str, output: str, info: StreamInfo, *, bytes_in: int, bytes_out: int, seconds: float
) -> Figures:
    """Gather the figures of one picture from its stream's description."""
    return Figures(
        source=source,
        output=output,
        width=info.width,
        height=info.height,
        bytes_in=bytes_in,
        bytes_out=bytes_out,
        bpp=info.bpp,
        quality=info.quality,
        model=info.model or info.model_id,
        seconds=seconds,
        frames=info.frames,
    )


@dataclass
class Outcome:
    """All conversions of one command."""

    files: list[Figures] = field(default_factory=list)
    """Those that succeeded."""
    failed: list[dict[str, str]] = field(default_factory=list)
    """Those that did not: ``source`` and ``reason``."""
    skipped: Sequence[Path] = ()
    """Files of a folder that were left out because of their suffix."""
    done_before: Sequence[Path] = ()
    """Outputs of a folder that were there already."""
    seconds: float = 0.0
    """Time in all."""

    def total(self) -> dict[str, Any]:
        """Sums and means over the files that succeeded; None where there is none."""
        bytes_in = sum(item.bytes_in for item in self.files)
        bytes_out = sum(item.bytes_out for item in self.files)
        return {
            "files": len(self.files),
            "failed": len(self.failed),
            "skipped": len(self.skipped),
            "done_before": len(self.done_before),
            "bytes_in": bytes_in,
            "bytes_out": bytes_out,
            "ratio": bytes_in / bytes_out if bytes_out else None,
            "mean_bpp": sum(item.bpp for item in self.files) / len(self.files) if self.files else None,
            "seconds": self.seconds,
        }

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, ready for JSON."""
        return {
            "files": [asdict(item) for item in self.files],
            "failed": self.failed,
            "skipped": [str(path) for path in self.skipped],
            "done_before": [str(path) for path in self.done_before],
            "total": self.total(),
        }

    def summary(self) -> str:
        """The totals in one line for people."""
        total = self.total()
        parts = [plural(total["files"], "file")]
        if self.files:
            parts.append(f"{size_text(total['bytes_in'])} in, {size_text(total['bytes_out'])} out")
            parts.append(f"ratio {total['ratio']:.3g}, mean {total['mean_bpp']:.3f} bpp")
        parts.append(f"{self.seconds:.1f} s")
        if self.done_before:
            parts.append(f"{len(self.done_before):,} there already")
        if self.skipped:
            parts.append(f"{len(self.skipped):,} skipped because of their suffix")
        if self.failed:
            parts.append(f"{len(self.failed):,} FAILED (named above)")
        return ", ".join(parts)
