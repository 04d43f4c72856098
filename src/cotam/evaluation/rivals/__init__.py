"""The codecs that ``cotam bench`` compares, one adapter per file."""

import re
from collections.abc import Callable, Container

from cotam.checkpoint.registry import DEFAULT_MODEL
from cotam.evaluation.rivals.avif import avif
from cotam.evaluation.rivals.cotam_s import cotam_s
from cotam.evaluation.rivals.jpeg import jpeg
from cotam.evaluation.rivals.png import png
from cotam.evaluation.rivals.rival import Coded, Pixels, Rival
from cotam.evaluation.rivals.webp import webp

__all__ = ["RIVALS", "Coded", "Pixels", "Rival", "load_rivals", "split_names"]

RIVALS: dict[str, Callable[[str], Rival]] = {
    "jpeg": lambda _: jpeg(),
    "webp": lambda _: webp(),
    "avif": lambda _: avif(),
    "cotam-s": cotam_s,
    "png": lambda _: png(),
}
"""Every rival by name; the argument is the name or file of cotam's model."""


GUIDED = "cotam-s+"
"""Start of the names of ablations; the rest is guidance, such as ``cotam-s+saliency:grid=16``."""
_BEGINS = re.compile(r"cotam-s[\w-]*(\+|$)")
"""Names of cotam's codecs, ``cotam-s-d2`` for one, alone or with terms behind them."""


def load_rivals(names: list[str], model: str = DEFAULT_MODEL) -> list[Rival]:
    """Prepare rivals in the order named, each once.

    Args:
        names: of `RIVALS`, or ``cotam-s+GUIDANCE``.
        model: name or file of cotam's model.

    Raises:
        ValueError: a name is unknown, or there is none.
    """
    if not names:
        raise ValueError(f"name at least one codec of {_KNOWN}")
    for name in names:
        if name not in RIVALS and not name.startswith(GUIDED):
            raise ValueError(f"unknown codec {name!r}; known: {_KNOWN}")
    return [_load(name, model) for name in dict.fromkeys(names)]


def split_names(text: str, known: Container[str] = RIVALS) -> list[str]:
    """Take a list with commas apart; those inside guidance (``cotam-s+clip:layers=0-2,grid=8``) stay.

    Args:
        text: names.
        known: those that end guidance when they follow it.
    """
    names: list[str] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        if names and "+" in names[-1] and part not in known and not _BEGINS.match(part):
            names[-1] += f",{part}"
        else:
            names.append(part)
    return names


def _load(name: str, model: str) -> Rival:
    return RIVALS[name](model) if name in RIVALS else cotam_s(model, name.removeprefix(GUIDED))


_KNOWN = f"{', '.join(RIVALS)}, {GUIDED}GUIDANCE"
