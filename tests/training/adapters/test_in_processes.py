"""Other tasks and settings in two processes: what one process learns that takes the batches of both itself."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from accelerate.state import AcceleratorState
from training.launching import WORLD, launch
from training.sizes import MODEL

from cotam.training import run as loop
from cotam.training.adapters.config import AdapterTrainingConfig, NeckTrainingConfig
from cotam.training.adapters.run import Inputs, adapter_run, neck_run
from cotam.training.checkpoints import load_checkpoint
from cotam.training.config import CodecTrainingConfig
from cotam.training.run import TrainingRun
from cotam.training.train_codec import codec_run

TOLERANCE = {"codec": 2e-3, "adapter": 2e-5, "d1": 2e-5, "d2": 2e-5, "d3": 2e-5, "resumed": 2e-5}
"""Largest relative difference of a figure; of the codec, whose transforms round to bfloat16, a last digit or two."""
UNBROKEN = {"resumed": "adapter"}
"""Of a run that began in one process and goes on in two, the one that stays in one."""
RECIPE: dict[str, Any] = {"batch": 2, "steps": 3, "warmup": 1, "ema": 0.5, "learning_rate": 1e-4}
SCRIPT = """
import sys
sys.path[:0] = [sys.argv[1], sys.argv[2]]
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from test_in_processes import KINDS, begin, loop

torch.set_num_threads(1)
loop.LOG_EVERY = 1
end, Accelerator.end_training = Accelerator.end_training, lambda self: None  # the next run needs the group
for kind in KINDS:
    run = begin(kind, 1, *sys.argv[3:])
    run.run()
    AcceleratorState._reset_state()  # the next run may have another precision
end(run.accelerator)
"""
KINDS = tuple(TOLERANCE)


def begin(
    kind: str, world: int, top: str, pictures: str, captions: str, embedded: str, codec: str
) -> TrainingRun:
    """A run that takes ``world`` processes' batches itself; the codec's gathers two of each."""
    folder = Path(top) / kind
    if kind == "codec":
        config = CodecTrainingConfig(**RECIPE, crop=64, bf16=True, accumulate=2 * world)
        return codec_run(folder, [Path(pictures)], None, config, MODEL, workers=0)
    recipe = RECIPE | {"bf16": False, "accumulate": world}
    if kind in ("adapter", "resumed"):
        inputs = Inputs(embedded, codec, [pictures], workers=0)
        resume = (folder / "checkpoint.pt").exists()
        return adapter_run(folder, inputs, AdapterTrainingConfig(**recipe), resume=resume)
    inputs = Inputs(embedded, codec, [captions], workers=0)
    return neck_run(folder, inputs, NeckTrainingConfig(**recipe, setting=kind, block=1, fidelity=1.0))


@pytest.fixture(scope="module")
def folders(
    tmp_path_factory: pytest.TempPathFactory, pictures: Path, embedded: Path, random_model_path: Path
) -> dict[int, Path]:
    """Runs in two processes and in one."""
    top = tmp_path_factory.mktemp("runs")
    paths = sorted(pictures.rglob("*.png"))
    lines = [{"image": str(path), "caption": "red blue" if n < 2 else ""} for n, path in enumerate(paths)]
    captions = top / "captions.jsonl"  # of most batches no picture has a text
    captions.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (top / "script.py").write_text(SCRIPT)
    given = (str(pictures), str(captions), str(embedded), str(random_model_path))
    here = Path(__file__).parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "LOG_EVERY", 1)
        for kind in set(KINDS) - set(UNBROKEN):
            begin(kind, WORLD, str(top / "1"), *given).run()
            AcceleratorState._reset_state()
        leave_after_a_step(begin("resumed", WORLD, str(top / "2"), *given))
    launch(top / "script.py", here, here.parents[1], top / "2", *given)
    return {world: top / str(world) for world in (1, 2)}


def leave_after_a_step(trained: TrainingRun) -> None:
    log = trained._log

    def stop(outcome: Any) -> str:
        log(outcome)
        trained.save()
        raise KeyboardInterrupt

    trained._log = stop  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        trained.run()


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_learn_what_one_does(kind: str, folders: dict[int, Path]) -> None:
    runs = folders[2] / kind, folders[1] / UNBROKEN.get(kind, kind)
    ours, theirs = (
        [row for row in map(json.loads, (run / "log.jsonl").read_text().splitlines()) if "loss" in row]
        for run in runs
    )
    assert len(ours) == RECIPE["steps"]
    for name in ours[0].keys() - {"seconds"}:
        values = np.array([[row[name] for row in rows] for rows in (ours, theirs)])
        np.testing.assert_allclose(*values, rtol=TOLERANCE[kind], atol=2e-5, err_msg=name)
    a, b = (load_checkpoint(run)["model"] for run in runs)
    worst = max(float((a[key].double() - value.double()).abs().max()) for key, value in b.items())
    assert worst < (RECIPE["learning_rate"] if kind == "codec" else TOLERANCE[kind])
