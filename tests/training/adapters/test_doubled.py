"""Gathering the gradients of two batches is learning from one batch twice as large."""

from itertools import pairwise

import torch

from cotam.training.adapters.adapter_task import AdapterTask
from cotam.training.adapters.batches import Batch
from cotam.training.checkpoints import load_checkpoint


def joined(a: Batch, b: Batch) -> Batch:
    return Batch(
        *(torch.cat(p) if isinstance(p[0], torch.Tensor) else [*p[0], *p[1]] for p in zip(a, b, strict=True))
    )


def test_two_batches_of_a_step_are_one_of_twice_the_size(start, tmp_path, monkeypatch):
    start(tmp_path / "two", "adapter", accumulate=2).run()
    batches = AdapterTask.batches

    def doubled(self, span):
        both = list(batches(self, type(span)(0, 2 * span.end, None, 0)))
        yield from (joined(a, b) for a, b in list(pairwise(both))[::2])

    monkeypatch.setattr(AdapterTask, "batches", doubled)
    start(tmp_path / "one", "adapter").run()
    ours, theirs = (load_checkpoint(tmp_path / name) for name in ("two", "one"))
    assert (ours["drawn"], theirs["drawn"]) == (8, 4)
    worst = max(float((ours["model"][key] - value).abs().max()) for key, value in theirs["model"].items())
    assert worst < 1e-5
