"""Seeds of training, validation and test scenes."""

from collections.abc import Mapping
from types import MappingProxyType

SPLITS: Mapping[str, range] = MappingProxyType(
    {
        "train": range(2**62),
        "validation": range(2**62, 2**63),
        "test": range(2**63, 2**64),
    }
)
"""Seeds of each split; none is in two."""


def split_seeds(split: str, num: int, start: int = 0) -> range:
    """The seeds of ``num`` scenes of a split, from the ``start``-th on.

    Raises:
        ValueError: there is no such split, or it has no such scenes.
    """
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}; there are {', '.join(SPLITS)}")
    seeds = SPLITS[split]
    if num < 1:
        raise ValueError(f"the number of scenes must be at least 1, not {num}")
    if start < 0 or start + num > seeds.stop - seeds.start:
        raise ValueError(f"{split} has no scenes {start} to {start + num - 1}")
    return range(seeds.start + start, seeds.start + start + num)


def split_of(seed: int) -> str:
    """Name of the split that a seed belongs to.

    Raises:
        ValueError: the seed is out of range.
    """
    for name, seeds in SPLITS.items():
        if seed in seeds:
            return name
    raise ValueError(f"seed must be from 0 to 2**64 - 1, not {seed}")
