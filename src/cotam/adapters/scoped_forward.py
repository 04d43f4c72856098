"""Answering for modules for a while, in one thread or task only, and leaving them as they were."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from torch import nn

Answer = Callable[[tuple[Any, ...]], Any]
"""Takes the positional arguments of a call, returns what the module is to return."""

_answers: ContextVar[Mapping[nn.Module, Answer] | None] = ContextVar("answers", default=None)
_lock = Lock()


@dataclass
class _Stand:
    """What stands in for a module's forward, and for how many."""

    before: dict[str, Any]
    users: int = field(default=0)


_stands: WeakKeyDictionary[nn.Module, _Stand] = WeakKeyDictionary()


@contextmanager
def answering(modules: Sequence[nn.Module], answer: Answer) -> Iterator[None]:
    """Let modules return an answer instead of running, for calls made inside, by this thread or task.

    An instance-level `forward` does it, which looks up who calls; others get the module's own. It is there only while
    somebody needs it. Module hooks still run, parameters and state dict are not touched. Contexts may be nested, the
    innermost counts.
    """
    token = _answers.set({**(_answers.get() or {}), **dict.fromkeys(modules, answer)})
    placed = []
    try:
        for module in modules:
            _place(module)
            placed.append(module)
        yield
    finally:
        for module in placed:
            _remove(module)
        _answers.reset(token)


def _place(module: nn.Module) -> None:
    with _lock:
        if module not in _stands:
            _stands[module] = _Stand({k: v for k, v in vars(module).items() if k == "forward"})
            vars(module)["forward"] = _looking_up(module, module.forward)
        _stands[module].users += 1


def _remove(module: nn.Module) -> None:
    with _lock:
        stand = _stands[module]
        stand.users -= 1
        if not stand.users:
            del vars(module)["forward"], _stands[module]
            vars(module).update(stand.before)


def _looking_up(module: nn.Module, own: Callable[..., Any]) -> Callable[..., Any]:
    def forward(*args: Any, **kwargs: Any) -> Any:
        answer = (_answers.get() or {}).get(module)
        return own(*args, **kwargs) if answer is None else answer(args)

    return forward
