"""Training in several processes on the CPU (gloo), as ``torchrun`` and ``accelerate launch`` start them."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from training.launching import launch
from training.short_runs import CONFIG, STEPS, TESTS, begin

from cotam.errors import TrainingError
from cotam.training import run as loop
from cotam.training.checkpoints import load_checkpoint
from cotam.training.task import Span

TOLERANCE = 2e-5
"""Largest difference of a weight or logged figure: the sums of two gradients are rounded in another order."""
SCRIPT = """
import shutil, sys
sys.path.insert(0, sys.argv[1])
import torch
torch.set_num_threads(1)
from cotam.training import run as loop
from training.short_runs import CONFIG, begin

loop.LOG_EVERY = 1
run = begin(sys.argv[2], sys.argv[3], CONFIG)
learn = run._update

def update(batches):
    outcome = learn(batches)
    if run.step == 2:
        run.save()
        if run.accelerator.is_main_process:
            shutil.copytree(run.folder, run.folder.with_name("at-two"))
    return outcome

run._update = update
run.run()
"""


@pytest.fixture(scope="module")
def two_processes(photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run in two processes; beside it ``at-two``, as it was after two steps."""
    top = tmp_path_factory.mktemp("two")
    (top / "script.py").write_text(SCRIPT)
    launch(top / "script.py", TESTS, top / "run", photographs)
    return top / "run"


@pytest.fixture(scope="module")
def one_process(photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run in one process that takes both batches of a step itself."""
    folder = tmp_path_factory.mktemp("one") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "LOG_EVERY", 1)
        begin(folder, photographs, dataclasses.replace(CONFIG, accumulate=2)).run()
    return folder


def log(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def difference(a: Path, b: Path) -> float:
    """Of all weights and averaged weights, the largest."""
    ours, theirs = load_checkpoint(a), load_checkpoint(b)
    return max(
        float((ours[part][key].double() - value.double()).abs().max())
        for part in ("model", "average")
        for key, value in theirs[part].items()
    )


def test_two_processes_learn_what_one_learns_from_both_their_batches(two_processes, one_process):
    ours, theirs = log(two_processes), log(one_process)
    assert [row["step"] for row in ours] == list(range(1, STEPS + 1))
    for name in ("loss", "bpp", "psnr"):
        curves = np.array([[row[name] for row in rows] for rows in (ours, theirs)])
        assert np.abs(curves[0] / curves[1] - 1).max() < TOLERANCE, name
    assert difference(two_processes, one_process) < TOLERANCE


def test_only_the_main_process_writes(two_processes):
    assert len(log(two_processes)) == STEPS
    assert len(list(two_processes.glob("events.out.tfevents.*"))) == 1


def test_a_run_of_two_processes_goes_on_in_one(two_processes, photographs, tmp_path):
    shutil.copytree(two_processes.with_name("at-two"), tmp_path / "run")
    assert load_checkpoint(tmp_path / "run")["step"] == 2
    run = begin(tmp_path / "run", photographs, CONFIG, resume=True)
    assert (run.parts, run.drawn, run.world) == (2, 4, 1)
    run.run()
    assert load_checkpoint(tmp_path / "run")["step"] == STEPS
    assert difference(tmp_path / "run", two_processes) < TOLERANCE


def test_a_number_of_processes_that_cannot_share_a_step_is_refused(one_process, photographs, tmp_path):
    shutil.copytree(one_process, tmp_path / "run")
    state = load_checkpoint(tmp_path / "run")
    torch.save(state | {"parts": 3}, tmp_path / "run" / "checkpoint.pt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("accelerate.Accelerator.num_processes", 2)
        with pytest.raises(TrainingError, match="has 3 batches, which 2 processes cannot share"):
            begin(tmp_path / "run", photographs, CONFIG, resume=True)


@pytest.mark.parametrize(("world", "parts"), [(1, 1), (2, 2), (2, 6), (3, 3)])
def test_processes_share_all_batches_and_none_twice(world, parts):
    spans = [Span(5, 9, 20, 40, parts, world, rank) for rank in range(world)]
    numbers = sorted(number for span in spans for number in span.indexes())
    assert numbers == list(range(40, 40 + 4 * parts))
    assert spans[0].first_of(7) == 40 + 2 * parts
    assert {len(span.indexes()) for span in spans} == {4 * parts // world}


def test_batches_that_are_gathered_count_as_one(photographs, tmp_path):
    run = begin(tmp_path, photographs, dataclasses.replace(CONFIG, accumulate=3, steps=2))
    run.run()
    state = load_checkpoint(tmp_path)
    assert (state["step"], state["drawn"], state["parts"]) == (2, 6, 3)
