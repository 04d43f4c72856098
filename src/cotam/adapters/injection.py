"""Handing tokens to a vision tower of transformers while an MLLM runs it, for the length of a `with` block.

Nothing of the model is changed when the block ends, whether by an error or not, and calls from other threads or tasks
see the plain tower all along. Gradients flow to the tokens. With gradient checkpointing in the tower, run the backward
pass inside the block too: it runs the blocks again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, nn

from cotam.adapters.scoped_forward import answering
from cotam.vision.registry import family_of

_active: ContextVar[tuple[object, ...]] = ContextVar("active_additions", default=())


@contextmanager
def adding(tower: nn.Module, tokens: Tensor) -> Iterator[None]:
    """Add to a tower's input tokens, before block 0 and before CLIP's first layer norm.

    Args:
        tower: CLIP, SigLIP, DINOv2, DINOv3 or InternViT, as `mllm.get_encoder(modality="image")` gives it.
        tokens: (N, P, D), added to the last P tokens, which are the patches; N tiles, or 1 for all of them. Nested
            blocks add up.

    Raises:
        ModelError: a tower of another family.
        ValueError: tokens that do not fit the tower, at once or when it runs.
    """
    family = family_of(tower)
    _check_width(tower, tokens)
    mark = object()

    def add(module: nn.Module, inputs: Any, output: Any) -> Any:
        if mark not in _active.get():
            return None
        if isinstance(output, tuple):  # InternViT's, in earlier transformers
            return (_sum(output[0], tokens), *output[1:])
        return _sum(output, tokens)

    token = _active.set((*_active.get(), mark))
    hook = family.entrance[0].register_forward_hook(add)
    try:
        yield
    finally:
        hook.remove()
        _active.reset(token)


@contextmanager
def entering(tower: nn.Module, tokens: Tensor, block: int = 2) -> Iterator[None]:
    """Let a tower start at a block: its embeddings and the blocks before that one return the tokens given.

    The tower is called as ever; of the pixels only the shape matters. Its `hidden_states` keep their number, and those
    of skipped blocks are the tokens given.

    Args:
        tower: as for `adding`.
        tokens: what that block takes, (N, T, D): [CLS] and registers first where the tower has them.
        block: its index, 0 to the number of blocks.

    Raises:
        ModelError: a tower of another family.
        ValueError: tokens that do not fit the tower, or a block that it does not have.
    """
    family = family_of(tower)
    _check_width(tower, tokens)
    if not 0 <= block <= len(family.blocks):
        raise ValueError(f"block must be from 0 to {len(family.blocks)}, not {block}")
    like = next(tower.parameters())
    given = tokens.to(like.device, like.dtype)

    def answer(arguments: tuple[Any, ...]) -> Tensor:
        if arguments and isinstance(arguments[0], Tensor) and len(arguments[0]) != len(given):
            raise ValueError(f"the tower is given {len(arguments[0])} tiles, but tokens for {len(given)}")
        return given

    with answering((*family.entrance, *family.blocks[:block]), answer):
        yield


def _check_width(tower: nn.Module, tokens: Tensor) -> None:
    width = int(tower.config.hidden_size)  # type: ignore[union-attr, arg-type]
    if tokens.ndim != 3 or tokens.shape[2] != width or not tokens.is_floating_point():
        raise ValueError(
            f"tokens must be float (tiles, tokens, {width}) for this tower, not {tuple(tokens.shape)}"
        )


def _sum(embedded: Tensor, tokens: Tensor) -> Tensor:
    count = tokens.shape[1]
    if count > embedded.shape[1] or len(tokens) not in (1, len(embedded)):
        raise ValueError(
            f"tokens {tuple(tokens.shape)} do not fit the tower's input tokens {tuple(embedded.shape)}"
        )
    front = embedded.shape[1] - count
    patches = embedded[:, front:] + tokens.to(embedded.device, embedded.dtype)
    return torch.cat([embedded[:, :front], patches], 1)
