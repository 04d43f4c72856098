"""Options that several commands share, and how they are checked together."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from cotam.codec import Codec
    from cotam.codec.similarity import SimilarityTarget
    from cotam.edge import EdgeCodec

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
SkipExisting = Annotated[
    bool,
    typer.Option(
        "--skip-existing",
        help="Of a folder, leave out what is done: an output that is there and no older than its source.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print figures as JSON on standard output.")]


@dataclass(frozen=True)
class Rate:
    """How many bytes a picture may take: by quality, by their number, or by what a tower still sees."""

    quality: float
    """1 to 100; of no effect where one of the others is given."""
    target_bytes: int | None
    """Most bytes of a stream."""
    similarity: "SimilarityTarget | None" = None
    """How close a tower's tokens must stay."""

    def encode(self, codec: "Codec | EdgeCodec", image: Any, **chosen: Any) -> bytes:
        """Encode ``image`` at this rate, with other options of `Codec.encode`."""
        return codec.encode(
            image, self.quality, target_bytes=self.target_bytes, min_similarity=self.similarity, **chosen
        )


def chosen_rate(
    quality: float | None, target_bytes: int | None, similarity: "SimilarityTarget | None" = None
) -> Rate:
    """Put the options together.

    Raises:
        ValueError: two are given, or the quality is no number from 1 to 100.
    """
    named = {"--quality": quality, "--target-bytes": target_bytes, "--min-similarity": similarity}
    given = [name for name, value in named.items() if value is not None]
    if len(given) > 1:
        raise ValueError(f"{' and '.join(given)} exclude each other: choose one")
    if quality is not None and not 1 <= quality <= 100:  # NaN passes the option's own check
        raise ValueError(f"--quality must be from 1 to 100, not {quality}")
    return Rate(DEFAULT_QUALITY if quality is None else quality, target_bytes, similarity)


def chosen_adapter(text: str | None) -> str | None:
    """What ``--adapter`` means to `cotam.load_mllm`: where it is not given, the adapters that ship; ``none``, none."""
    return None if text == "none" else text or "auto"
