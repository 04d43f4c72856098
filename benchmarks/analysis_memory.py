"""Memory of `cotam analyze` on LLaVA-1.5's vision tower (ViT-L/14 at 336, real sizes, random weights).

One picture and its coded versions go through the tower, every layer's attention and tokens are measured. Random weights
prove nothing about towers, but take the memory of trained ones.

    python benchmarks/analysis_memory.py --batch 8 --json benchmarks/results/analysis_memory.json
"""

import argparse
import platform
import time
from pathlib import Path

import numpy as np
import torch
from adapter_step import LLAVA_TOWER, random_tower, tell

from cotam.analysis.measuring import measure_versions
from cotam.evaluation.memory import peak_memory_of

SIDE = 336


def measure(batch: int) -> None:
    """Analyse a picture of noise and its versions, as many as go through the tower at once."""
    tower = random_tower(torch.device("cpu"), "eager").tower
    noise = np.random.default_rng(0).integers(0, 256, (batch, SIDE, SIDE, 3), np.uint8)
    found = measure_versions(tower, list(noise), batch)
    assert np.isfinite(found.cka).all()


def main() -> None:
    """Measure in a process of its own and print the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    began = time.perf_counter()
    peak = peak_memory_of(measure, options.batch)
    report = {
        "machine": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "tower": LLAVA_TOWER,
        "batch": options.batch,
        "peak_bytes": peak,
        "seconds": time.perf_counter() - began,
    }
    tell(report, options.json)


if __name__ == "__main__":
    main()
