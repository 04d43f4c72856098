"""Commands in two processes, as ``torchrun`` starts them: they learn what one process does, and write once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from training.launching import WORLD, launch

from cotam.training.checkpoints import load_checkpoint

SCRIPT = "import sys\nfrom cotam.cli.running import run\nsys.exit(run(sys.argv[1:]))\n"
STEPS = ("--steps", "2", "--batch", "2", "--threads", "1", "--workers", "0")
COMMANDS = {
    "temporal": ("train", "temporal", *STEPS),
    "levelvqa": ("train", "levelvqa", *STEPS, "--width", "32", "--no-bf16", "--tower-first", "0"),
}
WRITES = {"temporal": "temporal.safetensors", "levelvqa": "model/clip/model.safetensors"}
TOLERANCE = 2e-5


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory, make_picture) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    for seed in range(2):
        Image.fromarray(make_picture(160, 180, seed)).save(folder / f"{seed}.png")
    return folder


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_in_two_processes_learns_what_it_does_in_one(
    name: str, photographs: Path, random_model_path: Path, tmp_path: Path
):
    script = tmp_path / "command.py"
    script.write_text(SCRIPT)
    command = [*COMMANDS[name]]
    if name == "temporal":
        command += ["--data", str(photographs), "--codec", str(random_model_path)]
    launch(script, *command, "--out", tmp_path / "two")
    alone = [
        sys.executable,
        str(script),
        *command,
        "--out",
        str(tmp_path / "one"),
        "--accumulate",
        str(WORLD),
    ]
    subprocess.run(alone, check=True, capture_output=True, env=os.environ | {"CUDA_VISIBLE_DEVICES": ""})
    ours, theirs = (load_checkpoint(tmp_path / run)["model"] for run in ("two", "one"))
    worst = max(float((ours[key].double() - value.double()).abs().max()) for key, value in theirs.items())
    assert worst < TOLERANCE
    assert (tmp_path / "two" / WRITES[name]).is_file()
