"""Going through a tower block by block, with one block's attention in memory at a time."""

from collections.abc import Iterator
from typing import NamedTuple

from torch import Tensor

from cotam.errors import ModelError
from cotam.vision.attention_recording import recording
from cotam.vision.tower import Tower

WEIGHT_DIMENSIONS = 4


class Step(NamedTuple):
    """Where `walk` stands."""

    tokens: Tensor
    """Tokens (N, T, D) after the block; at first those that block 0 takes."""
    attention: Tensor | None
    """The block's attention weights (N, heads, T, T), rows summing to 1; None before block 0."""


def walk(tower: Tower, images: Tensor) -> Iterator[Step]:
    """Yield depth + 1 steps: the embeddings, then what every block gives.

    Nothing of an earlier step is kept here, so that memory does not grow with depth; `Tower.run` keeps what it is
    asked for.

    Args:
        tower: any.
        images: as `Tower.embed` takes them, (N, 3, h, w).

    Raises:
        ModelError: a block gives no attention weights.
        ValueError: images of another shape or type.
    """
    tokens = tower.embed(images)
    arguments = tower._family.block_arguments(tokens, tower.grid(*images.shape[-2:]))
    yield Step(tokens, None)
    for index, block in enumerate(tower._family.blocks):
        with recording() as recorded:
            tokens = block(tokens, **arguments)
        weights = recorded.pop() if recorded else None
        if weights is None or weights.ndim != WEIGHT_DIMENSIONS:
            raise ModelError(
                f"{tower.name}: block {index} gives no attention weights; "
                "a tower is needed that is loaded with attn_implementation='eager'"
            )
        yield Step(tokens, weights)
        del weights
