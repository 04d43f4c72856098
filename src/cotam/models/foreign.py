"""What came out of reading other people's checkpoint: networks, and what became of each of its keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cotam.models.base_codec import BaseCodec


class ForeignError(ValueError):
    """A state dict is no checkpoint of the architecture that it was said to be."""


@dataclass(frozen=True)
class KeyReport:
    """What became of the keys of a state dict."""

    layout: str
    """Whose naming and which variant of the networks it is."""
    matched: Mapping[str, str]
    """Keys that were taken, with the names that they have here."""
    unneeded: Sequence[str]
    """Keys that are known and that nothing is taken from: masks, tables, bounds."""
    unexpected: Sequence[str]
    """Keys that nothing is known of; they are left out."""
    missing: Sequence[str]
    """Names that nothing was found for, as they are called here."""


@dataclass(frozen=True)
class Foreign:
    """Float networks made of someone else's weights, and the report on the keys."""

    network: BaseCodec
    report: KeyReport


def names(keys: Sequence[str], most: int = 2) -> str:
    """The first few of some keys, and how many more there are."""
    rest = len(keys) - most
    return ", ".join(keys[:most]) + (f" and {rest} more" if rest > 0 else "")
