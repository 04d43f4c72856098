"""What the training loop asks of a task, and what it tells it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Span:
    """Steps that batches are wanted for.

    Args:
        start: first step.
        end: step after the last.
        total: length of the schedule, or None while it is not known.
        first: number of the first batch of step `start`, among those of all processes.
        parts: batches of a step, over all processes.
        world: processes that train.
        rank: number of this process.
    """

    start: int
    end: int
    total: int | None
    first: int
    parts: int = 1
    world: int = 1
    rank: int = 0

    def first_of(self, step: int) -> int:
        """Number of the first batch of a step."""
        return self.first + (step - self.start) * self.parts

    def indexes(self) -> range:
        """Numbers of this process's batches, different for every process and step."""
        return range(self.first + self.rank, self.first_of(self.end), self.world)


@dataclass(frozen=True)
class Position:
    """Where a batch stands in the schedule.

    Args:
        step: steps done before it.
        total: length of the schedule, or None while it is not known.
        index: number of the batch among those of all processes.
    """

    step: int
    total: int | None
    index: int


@dataclass(frozen=True)
class Outcome:
    """What a step came to.

    Args:
        loss: what is minimised, a scalar with a gradient.
        figures: scalars for the log, by name.
    """

    loss: Tensor
    figures: Mapping[str, Tensor]


def mean_of(outcomes: Sequence[Outcome]) -> Outcome:
    """The mean over a step's batches, as plain numbers in float32."""
    names = outcomes[0].figures
    means = {
        name: torch.stack([one.figures[name].detach().float() for one in outcomes]).mean() for name in names
    }
    return Outcome(torch.stack([one.loss.float() for one in outcomes]).mean(), means)


class Task(Protocol):
    """What is trained, on what, and how it is judged."""

    model: nn.Module
    """Everything with parameters that learn, and nothing that the checkpoint should not hold."""
    description: dict[str, Any]
    """Plain values that the checkpoint keeps so that the model can be built again."""
    validation_seconds: float
    """Time between two validations."""
    leaves_out: bool
    """Whether a step may leave parameters without a gradient; several processes have to know."""

    def batches(self, span: Span) -> Iterator[Any]:
        """Batches for the steps of ``span``, functions of their numbers alone so that resuming is exact."""

    def loss(self, network: nn.Module, batch: Any, at: Position) -> Outcome:
        """The loss of one batch; ``network`` is `model` as it is to be called here, under autocast."""

    def parameter_groups(self, decay: float) -> list[dict[str, Any]]:
        """Parameters for the optimiser, with their weight decay and, as ``rate_scale``, their share of the rate."""

    def validate(self, average: nn.Module) -> Any:
        """Figures of the averaged weights, or None if there is nothing to validate on."""
