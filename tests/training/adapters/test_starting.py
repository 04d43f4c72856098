"""Runs that start from the weights of another: they have them, say so, and refuse what does not fit."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from cotam.checkpoint import load_adapter
from cotam.checkpoint.adapter_cards import find_adapter
from cotam.errors import ModelError
from cotam.training.adapters.export import export_tokens
from cotam.training.adapters.run import Inputs
from cotam.training.run import TrainingRun

Start = Callable[..., TrainingRun]


@pytest.fixture
def before(start: Start, tmp_path: Path) -> Path:
    """An adapter that has been trained."""
    start(tmp_path / "before", "adapter").run()
    export_tokens(tmp_path / "before", tmp_path / "before.safetensors", "before")
    return tmp_path / "before.safetensors"


def test_a_run_starts_from_a_file_and_its_own_file_says_so(
    start: Start, inputs: Inputs, before: Path, tmp_path: Path
) -> None:
    given = dataclasses.replace(inputs, start=str(before))
    run: Any = start(tmp_path / "after", "adapter", given=given)
    stored = load_adapter(before).network.state_dict()
    for weights in (run.task.model.network, run.average.module.network):
        assert all(torch.equal(value, stored[name]) for name, value in weights.state_dict().items())
    run.run()
    start(tmp_path / "after", "adapter", resume=True).run()
    export_tokens(tmp_path / "after", tmp_path / "after.safetensors", "after")
    said = load_adapter(tmp_path / "after.safetensors").card.training
    assert f", after before {find_adapter(before).adapter_id}" in said


def test_what_does_not_fit_is_refused(start: Start, inputs: Inputs, before: Path, tmp_path: Path) -> None:
    given = dataclasses.replace(inputs, start=str(before))
    with pytest.raises(ModelError, match="of kind adapter, which this run does not train"):
        start(tmp_path / "neck", "d1", given=given)
    with pytest.raises(ModelError, match="has conditioning embedding; this run needs none"):
        start(tmp_path / "other", "adapter", given=given, conditioning="none")
    with pytest.raises(ValueError, match="a run that is resumed goes on from its own weights"):
        start(tmp_path / "before", "adapter", given=given, resume=True)
    with pytest.raises(ModelError, match="nothing"):
        start(tmp_path / "none", "adapter", given=dataclasses.replace(inputs, start="nothing"))


def test_a_neck_that_trains_its_codec_too_may_start_from_one_that_did_not(
    start: Start, inputs: Inputs, tmp_path: Path
) -> None:
    start(tmp_path / "d1", "d1").run()
    export_tokens(tmp_path / "d1", tmp_path / "d1.safetensors", "plain")
    run: Any = start(
        tmp_path / "d2", "d2", given=dataclasses.replace(inputs, start=str(tmp_path / "d1.safetensors"))
    )
    stored = load_adapter(tmp_path / "d1.safetensors").network.state_dict()
    assert all(
        torch.equal(value, stored[name]) for name, value in run.task.model.network.state_dict().items()
    )
