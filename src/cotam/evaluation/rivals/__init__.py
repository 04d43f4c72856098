"""The codecs that ``cotam bench`` compares, one adapter per file."""

from collections.abc import Callable

from cotam.checkpoint.registry import DEFAULT_MODEL
from cotam.evaluation.rivals.avif import avif
from cotam.evaluation.rivals.cotam_s import cotam_s
from cotam.evaluation.rivals.jpeg import jpeg
from cotam.evaluation.rivals.rival import Coded, Pixels, Rival
from cotam.evaluation.rivals.webp import webp

__all__ = ["RIVALS", "Coded", "Pixels", "Rival", "load_rivals"]

RIVALS: dict[str, Callable[[str], Rival]] = {
    "jpeg": lambda _: jpeg(),
    "webp": lambda _: webp(),
    "avif": lambda _: avif(),
    "cotam-s": cotam_s,
}
"""Every rival by name; the argument is the name or file of cotam's model."""


def load_rivals(names: list[str], model: str = DEFAULT_MODEL) -> list[Rival]:
    """Prepare rivals in the order named, each once.

    Raises:
        ValueError: a name is unknown, or there is none.
    """
    if not names:
        raise ValueError(f"name at least one codec of {', '.join(RIVALS)}")
    for name in names:
        if name not in RIVALS:
            raise ValueError(f"unknown codec {name!r}; known: {', '.join(RIVALS)}")
    return [RIVALS[name](model) for name in dict.fromkeys(names)]
