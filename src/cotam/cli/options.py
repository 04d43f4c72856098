"""Options that several commands share, and how they are checked together."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from cotam.codec import Codec

DEFAULT_MODEL = "cotam-s"
DEFAULT_QUALITY = 40.0
STANDARD = "-"
"""The name that stands for standard input or output."""

Quality = Annotated[
    float | None,
    typer.Option(
        "--quality",
        "-q",
        min=1,
        max=100,
        metavar="1..100",
        help="Larger is better and takes more bytes; 40 by default.",
    ),
]
TargetBytes = Annotated[
    int | None,
    typer.Option(
        "--target-bytes", min=1, metavar="N", help="Use at most N bytes a picture, instead of a quality."
    ),
]
Model = Annotated[
    str,
    typer.Option("--model", metavar="NAME|FILE", help="A shipped model's name or a .safetensors file."),
]
Device = Annotated[str | None, typer.Option("--device", metavar="cpu|cuda", help="Where the networks run.")]
Threads = Annotated[
    int | None, typer.Option("--threads", min=1, metavar="N", help="CPU threads to use; by default all.")
]
Json = Annotated[bool, typer.Option("--json", help="Print figures as JSON on standard output.")]


@dataclass(frozen=True)
class Rate:
    """How many bytes a picture may take: by quality, or by their number."""

    quality: float
    """1 to 100; of no effect where ``target_bytes`` is given."""
    target_bytes: int | None
    """Most bytes of a stream."""

    def encode(self, codec: "Codec", image: Any, keep_metadata: bool = False) -> bytes:
        """Encode ``image`` at this rate."""
        return codec.encode(image, self.quality, target_bytes=self.target_bytes, keep_metadata=keep_metadata)


def chosen_rate(quality: float | None, target_bytes: int | None) -> Rate:
    """Put the two options together.

    Raises:
        ValueError: both are given, or the quality is no number from 1 to 100.
    """
    if quality is not None and target_bytes is not None:
        raise ValueError("--quality and --target-bytes exclude each other: choose one")
    if quality is not None and not 1 <= quality <= 100:  # NaN passes the option's own check
        raise ValueError(f"--quality must be from 1 to 100, not {quality}")
    return Rate(DEFAULT_QUALITY if quality is None else quality, target_bytes)
