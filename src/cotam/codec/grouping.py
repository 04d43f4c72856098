"""Pictures and frames of one size go through the networks together."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

MAX_BATCH = 8
"""Pictures that go through the networks together, at most."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_groups(
    items: Sequence[Item], kind: Callable[[Item], Hashable], process: Callable[[Sequence[Item]], list[Result]]
) -> list[Result]:
    """Process items of one kind together, at most `MAX_BATCH` at once; results in the order of the items."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for position, item in enumerate(items):
        groups[kind(item)].append(position)
    results: dict[int, Result] = {}
    for positions in groups.values():
        for start in range(0, len(positions), MAX_BATCH):
            chunk = positions[start : start + MAX_BATCH]
            results.update(zip(chunk, process([items[position] for position in chunk]), strict=True))
    return [results[position] for position in range(len(items))]
