"""What came out of reading other people's checkpoint: networks, and what became of each of its keys."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from cotam.errors import ModelError
from cotam.models.base_codec import BaseCodec


class ForeignError(ModelError):
    """A state dict is no checkpoint of the architecture that it was said to be.

    Args:
        problem: what is wrong, in one line.
        missing: weights that nothing was found for, as they are called here.
    """

    def __init__(self, problem: str, missing: Sequence[str] = ()) -> None:
        super().__init__(problem)
        self.missing = tuple(missing)


@dataclass(frozen=True)
class KeyReport:
    """What became of the keys of a state dict; nothing is missing where there is one."""

    layout: str
    """Whose naming and which variant of the networks it is."""
    matched: Mapping[str, str]
    """Keys that were taken, with the names that they have here."""
    unneeded: Sequence[str]
    """Keys that are known and that nothing is taken from: masks, tables, bounds."""
    unexpected: Sequence[str]
    """Keys that nothing is known of; they are left out."""

    @classmethod
    def of(
        cls, keys: Iterable[str], matched: Mapping[str, str], unneeded: re.Pattern[str], layout: str
    ) -> Self:
        """Sort the keys that were not taken by whether ``unneeded`` knows them."""
        others = [key for key in keys if key not in matched]
        unexpected = [key for key in others if not unneeded.fullmatch(key)]
        return cls(layout, matched, [key for key in others if unneeded.fullmatch(key)], unexpected)


@dataclass(frozen=True)
class Foreign:
    """Float networks made of someone else's weights, and the report on the keys."""

    network: BaseCodec
    report: KeyReport


def names(keys: Sequence[str], most: int = 2) -> str:
    """The first few of some keys, and how many more there are."""
    rest = len(keys) - most
    return ", ".join(keys[:most]) + (f" and {rest} more" if rest > 0 else "")
