"""Keep a block's attention weights while it runs, without running it differently.

transformers' blocks compute the weights and drop them. A hook hands them over, but only inside `recording`, and only
to the thread that asked.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from torch import Tensor, nn

_recorded: ContextVar[list[Tensor] | None] = ContextVar("recorded_attention", default=None)


def make_recordable(attention: nn.Module) -> None:
    """Let `recording` see what this attention module returns; to be called once for each module."""
    attention.register_forward_hook(_keep)


@contextmanager
def recording() -> Iterator[list[Tensor]]:
    """Collect the weights (N, heads, T, T), after softmax, of every recordable module that runs inside."""
    weights: list[Tensor] = []
    token = _recorded.set(weights)
    try:
        yield weights
    finally:
        _recorded.reset(token)


def _keep(module: nn.Module, inputs: Any, output: tuple[Tensor, Tensor]) -> None:
    weights = _recorded.get()
    if weights is not None:
        weights.append(output[1])
