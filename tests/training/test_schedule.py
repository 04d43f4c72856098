"""Averaged weights forget how a run began, however short it is."""

import pytest
import torch

from cotam.training.schedule import average_decay, averaging


@pytest.mark.parametrize(
    ("step", "decay", "expected"), [(0, 0.999, 0.1), (90, 0.999, 0.91), (10**6, 0.999, 0.999)]
)
def test_decay_rises_to_what_was_asked_for(step, decay, expected):
    assert average_decay(step, decay) == pytest.approx(expected)


def test_the_average_of_a_short_run_holds_nothing_of_its_beginning():
    averaged = [torch.full((3,), 100.0)]
    for step in range(1, 200):
        averaging(0.9995)(averaged, [torch.ones(3)], torch.tensor(step))
    assert torch.allclose(averaged[0], torch.ones(3), atol=1e-6)
