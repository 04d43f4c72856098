"""One training step of adapter and neck on LLaVA-1.5's vision tower (ViT-L/14 at 336, real sizes, random weights).

Only the tower and the codec are in memory, as in training. Each kind runs in a process of its own, so that its peak
memory is its own.

    python benchmarks/adapter_step.py --batch 1 --json benchmarks/results/adapter_step.json
"""

import argparse
import json
import platform
import time
from pathlib import Path
from typing import Any

import torch

from cotam.checkpoint import load_model, tower_identity
from cotam.evaluation.memory import peak_memory_of
from cotam.training.adapters.adapter_task import AdapterTask
from cotam.training.adapters.config import AdapterTrainingConfig, NeckTrainingConfig
from cotam.training.adapters.examples import SceneSource
from cotam.training.adapters.neck_task import NeckTask
from cotam.training.adapters.task_parts import Surroundings
from cotam.training.adapters.towers import TrainingTower
from cotam.training.task import Position, Span
from cotam.vision.clip import Clip
from cotam.vision.preprocessing import Preprocessing
from cotam.vision.tower import Tower

LLAVA_TOWER = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "image_size": 336,
    "patch_size": 14,
    "projection_dim": 768,
}
"""The vision configuration of llava-hf/llava-1.5-7b-hf."""
READ_AFTER = 23
"""Its ``vision_feature_layer`` of -2."""
SIDE = 384
LATE = Position(step=9, total=10, index=0)
"""A position at which every term of the loss counts."""


def random_tower(device: torch.device, attention: str = "sdpa") -> TrainingTower:
    """LLaVA-1.5's tower with random weights, and one of transformers' implementations of attention."""
    import transformers

    config = transformers.CLIPVisionConfig(**LLAVA_TOWER, attn_implementation=attention)
    with torch.device(device):
        model = transformers.CLIPVisionModel(config).eval().requires_grad_(False)
    side = LLAVA_TOWER["image_size"]
    preprocessing = Preprocessing((side, side), Clip.mean, Clip.std)
    tower = Tower("random ViT-L/14-336", Clip(model), preprocessing, LLAVA_TOWER["patch_size"])
    return TrainingTower(tower, tower_identity(tower.name, model), READ_AFTER, None)


def step(kind: str, batch: int, bf16: bool, checkpointing: bool, steps: int) -> dict[str, Any]:
    """Run warm-up and timed steps of a kind; returns seconds per step and what GPU memory it took."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    around = Surroundings(load_model("cotam-s"), random_tower(device), SceneSource(SIDE), workers=0)
    options: dict[str, Any] = {"batch": batch, "bf16": bf16, "checkpointing": checkpointing}
    task: Any
    if kind == "adapter":
        task = AdapterTask(AdapterTrainingConfig(**options), around, {})
    else:
        task = NeckTask(NeckTrainingConfig(**options, fidelity=1.0), around, None, {})
    task.model.to(device)
    optimizer = torch.optim.AdamW(task.parameter_groups(0.0), lr=1e-4)
    seconds = []
    for examples in task.batches(Span(0, steps, steps)):
        began = time.perf_counter()
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            outcome = task.loss(task.model, examples, LATE)
        optimizer.zero_grad(set_to_none=True)
        outcome.loss.backward()
        optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - began)
    assert torch.isfinite(outcome.loss)
    used = torch.cuda.max_memory_allocated() if device.type == "cuda" else None
    return {"seconds": min(seconds), "gpu_bytes": used}


def measured(kind: str, options: argparse.Namespace) -> dict[str, Any]:
    """Time a kind's step, and its peak memory in a process of its own."""
    arguments = (kind, options.batch, options.bf16, options.checkpointing, options.steps)
    report = Path(f".adapter_step_{kind}.json")
    try:
        peak = peak_memory_of(write_step, report, *arguments)
        timing = json.loads(report.read_text())
    finally:
        report.unlink(missing_ok=True)
    rate = options.batch / timing["seconds"]
    return {"kind": kind, "batch": options.batch, **timing, "images_per_second": rate, "peak_bytes": peak}


def write_step(report: Path, *arguments: Any) -> None:
    """Run `step` in a child process and leave its figures in a file."""
    report.write_text(json.dumps(step(*arguments)))


def main() -> None:
    """Measure both kinds and print the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--no-bf16", dest="bf16", action="store_false")
    parser.add_argument("--checkpointing", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    cuda = torch.cuda.is_available()
    report = {
        "machine": torch.cuda.get_device_name() if cuda else platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "bf16": options.bf16,
        "checkpointing": options.checkpointing,
        "tower": LLAVA_TOWER,
        "steps": [measured(kind, options) for kind in ("adapter", "neck")],
    }
    tell(report, options.json)


def tell(report: dict[str, Any], path: Path | None) -> None:
    """Print a report, and write it to a file if there is one."""
    text = json.dumps(report, indent=1)
    print(text)
    if path:
        path.write_text(text + "\n")


if __name__ == "__main__":
    main()
