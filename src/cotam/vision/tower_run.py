"""What a run through a tower gives, and the numbers that one may ask for."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class TowerRun:
    """What a run through the first blocks of a tower gave."""

    tokens: dict[int, Tensor]
    """Tokens (N, T, D) before block i, by i, as in transformers' `output_hidden_states`; 0 is what block 0 takes."""
    attention: dict[int, Tensor]
    """Attention weights (N, heads, T, T) of block i, by i, after softmax: each row (asking token) sums to 1."""
    last: Tensor
    """Tokens (N, T, D) after the last block that was run; no final layer norm is applied."""


def check_range(name: str, numbers: Sequence[int], largest: int) -> None:
    """Refuse block numbers beyond the largest.

    Raises:
        ValueError: naming the argument.
    """
    for number in numbers:
        if not 0 <= number <= largest:
            raise ValueError(f"{name} must be from 0 to {largest}, not {number}")
