"""Items to streams, in a process that holds a codec."""

import io
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from cotam.data.places import Item
from cotam.errors import CotamError

if TYPE_CHECKING:
    from cotam.codec import Codec

DEFAULT_QUALITY = 40.0
FAILURES = (CotamError, ValueError, OSError, MemoryError, RuntimeError)
"""What one picture can do to a codec; a RuntimeError is how torch says that memory is short."""


@dataclass(frozen=True)
class Coding:
    """How pictures are coded. Arguments of a codec, as plain values that travel between processes."""

    model: str = "cotam-s"
    """Name or file of the codec."""
    quality: float = DEFAULT_QUALITY
    """1 to 100; without effect with ``target_bytes``."""
    target_bytes: int | None = None
    """Most bytes of a stream."""
    guidance: str | None = None
    """Where in the picture the bits go; None: uniformly."""
    keep_metadata: bool = False
    """Keep EXIF, ICC profile and XMP."""
    device: str | None = None
    """Where the networks run."""
    batch: int = 1
    """Pictures that go through the networks together: a matter of GPUs, and of memory."""

    def description(self) -> dict[str, Any]:
        """What decides about the streams: the model by its content, not by its name.

        Raises:
            ModelError: there is no such model.
        """
        from cotam.checkpoint.registry import find_model

        rate = (
            {"quality": float(self.quality)}
            if self.target_bytes is None
            else {"target_bytes": self.target_bytes}
        )
        rest = {"guidance": self.guidance, "keep_metadata": self.keep_metadata}
        return {"model_id": find_model(self.model).model_id, **rate, **rest}


class Coded(NamedTuple):
    """What became of an item."""

    key: str
    unit: str
    bytes_in: int
    """Size of the picture's file; 0 if it could not be read."""
    stream: bytes | None
    """None: it failed."""
    reason: str = ""
    """Why it failed."""


Engine: TypeAlias = Callable[[Iterable[Item], Coding], Generator[Coded, None, None]]
"""Codes items as it is told; results come in the order of the items. When it is closed its workers end."""


class Coder:
    """Codes items with a codec in memory; an item that fails gives a result that says so.

    Args:
        coding: how.
        threads: CPU threads.
    """

    def __init__(self, coding: Coding, threads: int | None = None) -> None:
        from cotam.codec import load_codec
        from cotam.codec.guiding import Guide

        self._coding = coding
        self._codec: Codec = load_codec(coding.model, device=coding.device, threads=threads)
        self._guide = Guide.parse(coding.guidance) if coding.guidance is not None else None

    def __call__(self, items: Sequence[Item]) -> list[Coded]:
        """Code some items, together if the recipe says so."""
        batch = self._coding.batch
        groups = [items[start : start + batch] for start in range(0, len(items), batch)]
        return [coded for group in groups for coded in self._code(group)]

    def _code(self, items: Sequence[Item]) -> list[Coded]:
        """A failure among several is found by coding one by one."""
        sizes = [0] * len(items)
        try:
            pictures = [Named(item) for item in items]
            sizes = [len(picture.getbuffer()) for picture in pictures]
            streams = self._encode(pictures)
        except FAILURES as error:
            if len(items) > 1:
                return [coded for item in items for coded in self._code([item])]
            reason = reason_of(error).removeprefix(f"{items[0].key}: ")
            return [Coded(items[0].key, items[0].unit, sizes[0], None, reason)]
        return [
            Coded(item.key, item.unit, size, stream)
            for item, size, stream in zip(items, sizes, streams, strict=True)
        ]

    def _encode(self, pictures: "list[Named]") -> list[bytes]:
        coding = self._coding
        return self._codec.encode_batch(
            pictures,
            coding.quality,
            target_bytes=coding.target_bytes,
            guidance=self._guide,
            keep_metadata=coding.keep_metadata,
        )


class Named(io.BytesIO):
    """An item's bytes; ``name`` is what error messages call them."""

    def __init__(self, item: Item) -> None:
        super().__init__(item.place.read())
        self.name = item.key


def reason_of(error: Exception) -> str:
    """What an error says, on one line."""
    text = (
        f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.strerror else str(error)
    )
    return " ".join(text.split()) or type(error).__name__


def check_coding(coding: Coding) -> None:
    """Refuse what no item could be coded with, before any process is started.

    Raises:
        ValueError: an option out of range.
        ModelError: a tower that is not known.
    """
    if not 1 <= coding.quality <= 100:
        raise ValueError(f"quality must be from 1 to 100, not {coding.quality}")
    if coding.target_bytes is not None and coding.target_bytes < 1:
        raise ValueError(f"target_bytes must be at least 1, not {coding.target_bytes}")
    if coding.batch < 1:
        raise ValueError(f"batch must be at least 1, not {coding.batch}")
    if coding.guidance is not None:
        from cotam.codec.guiding import Guide

        Guide.parse(coding.guidance)
