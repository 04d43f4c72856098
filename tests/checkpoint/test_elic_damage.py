"""A model file of ELIC whose integers another decoder could take otherwise is refused."""

import pytest
import torch
from safetensors.torch import load_file

from cotam.checkpoint import load_model
from cotam.errors import ModelError


def swap(thresholds: torch.Tensor) -> None:
    thresholds[[20, 21]] = thresholds[[21, 20]]


def repeat(thresholds: torch.Tensor) -> None:
    thresholds[30] = thresholds[29]


def spread(thresholds: torch.Tensor) -> None:
    thresholds[0], thresholds[-1] = -(2**31), 2**31 - 1


@pytest.fixture
def with_thresholds(altered, elic_path):
    """A function that makes a sealed copy of a narrow ELIC with other thresholds."""

    def make(change):
        tensors = load_file(elic_path)
        change(tensors["context.thresholds"])
        return altered(source=elic_path, tensors=tensors)

    return make


@pytest.mark.parametrize("change", [swap, repeat])
def test_thresholds_that_do_not_rise_are_refused(with_thresholds, change):
    with pytest.raises(ModelError, match=r"integers of context .* out of order"):
        load_model(with_thresholds(change))


def test_other_thresholds_that_rise_are_another_model(with_thresholds, elic_path):
    assert load_model(with_thresholds(spread)).model_id != load_model(elic_path).model_id
