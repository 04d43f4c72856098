"""Checkpoints come back as they were, and one made to do harm is refused and not executed."""

import pickle

import pytest
import torch

from cotam.errors import TrainingError
from cotam.training.checkpoints import LATEST, load_checkpoint, save_checkpoint


def test_a_checkpoint_comes_back(tmp_path):
    save_checkpoint(tmp_path, {"model": {"weight": torch.arange(3)}, "step": 7})
    state = load_checkpoint(tmp_path)
    assert state["step"] == 7
    assert torch.equal(state["model"]["weight"], torch.arange(3))
    assert [path.name for path in tmp_path.iterdir()] == [LATEST]


@pytest.mark.parametrize(
    "whole", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value, protocol=2))]
)
def test_code_in_a_checkpoint_is_refused_and_never_executed(tmp_path, whole):
    class Payload:
        def __reduce__(self):
            return (tmp_path.joinpath("executed").touch, ())

    whole({"model": Payload()}, tmp_path / LATEST)
    with pytest.raises(TrainingError, match="the checkpoint is damaged"):
        load_checkpoint(tmp_path)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_a_truncated_checkpoint_is_refused(tmp_path, share):
    path = save_checkpoint(tmp_path, {"model": {"weight": torch.arange(1000)}})
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(TrainingError, match="the checkpoint is damaged"):
        load_checkpoint(tmp_path)
