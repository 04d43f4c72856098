"""Random numbers that are the same on every machine, Python and version of NumPy."""

from collections.abc import Sequence
from hashlib import sha256
from math import prod
from operator import index
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

MAX_SEED = 2**64 - 1
WORD_BITS = 64
BLOCK = 64
"""Words that are drawn from the generator at a time."""

Item = TypeVar("Item")


class Stream:
    """Random choices that a seed and a path of names give, apart from every other path's.

    Made of the raw words of PCG64 alone: NumPy promises that they never change, and promises no such
    thing for the distributions of its `Generator`.

    Args:
        seed: 0 to 2**64 - 1.
        path: names of what the numbers are for, such as ``"graph", "224"``.

    Raises:
        ValueError: ``seed`` is out of range.
        TypeError: it is no whole number.
    """

    def __init__(self, seed: int, *path: str) -> None:
        seed = index(seed)
        if not 0 <= seed <= MAX_SEED:
            raise ValueError(f"seed must be from 0 to 2**64 - 1, not {seed}")
        digest = sha256("/".join([str(seed), *path]).encode()).digest()
        self._words = np.random.PCG64(0)
        self._words.state = {
            "bit_generator": "PCG64",
            "state": {
                "state": int.from_bytes(digest[:16], "little"),
                "inc": int.from_bytes(digest[16:], "little") | 1,
            },
            "has_uint32": 0,
            "uinteger": 0,
        }
        self._block: list[int] = []

    def below(self, n: int) -> int:
        """A whole number from 0 to ``n - 1``, each as likely (to one part in 2**64 / n)."""
        if n < 1:
            raise ValueError(f"there is no whole number from 0 to {n - 1}")
        return (self._word() * n) >> WORD_BITS

    def between(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        """True in ``percent`` of 100 cases."""
        return self.below(100) < percent

    def choice(self, items: Sequence[Item]) -> Item:
        """One of ``items``, each as likely."""
        return items[self.below(len(items))]

    def sample(self, items: Sequence[Item], k: int) -> list[Item]:
        """``k`` of ``items``, none twice, in random order.

        Raises:
            ValueError: there are fewer than ``k``.
        """
        if k > len(items):
            raise ValueError(f"cannot take {k} of {len(items)} items")
        pool = list(items)
        for place in range(k):
            other = self.between(place, len(pool) - 1)
            pool[place], pool[other] = pool[other], pool[place]
        return pool[:k]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """All ``items`` in random order."""
        return self.sample(items, len(items))

    def bytes_array(self, shape: int | tuple[int, ...]) -> NDArray[np.uint8]:
        """An array of bytes, 0 to 255, each as likely; fast, for noise."""
        count = shape if isinstance(shape, int) else prod(shape)
        words = self._words.random_raw(-(-count // 8)).astype("<u8")
        return words.view(np.uint8)[:count].reshape(shape)

    def _word(self) -> int:
        if not self._block:
            self._block = self._words.random_raw(BLOCK).tolist()
        return self._block.pop()
