"""Rate and distortion of codecs that were trained for the same time, on the same machine and pictures.

    python benchmarks/equal_time.py runs/cotam-s-short runs/elic-s --images kodak --json equal_time.json

Each argument is the folder of a run of ``cotam train codec``, which holds its model file, log and last checkpoint. The
first one is what the others are compared with.
"""

import argparse
import dataclasses
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import torch

from cotam.codec import load_codec
from cotam.evaluation.rate_report import measure_all, rate_report
from cotam.evaluation.reports import new_report, write_report
from cotam.evaluation.rivals.cotam_s import CotamRival

QUALITIES = (5.0, 15.0, 30.0, 45.0, 60.0, 75.0, 90.0)
REPORTED = ("anchor", "bd_rate_up_to_bpp", "pictures", "codecs", "bd_rates", "curves")


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description="Codecs after the same time of training.")
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--json", type=Path, required=True)
    given = parser.parse_args()
    rivals = [rival_of(folder) for folder in given.runs]
    points, unreadable = measure_all(given.images, rivals, QUALITIES, lambda _: None)
    report = rate_report(points, unreadable, rivals, rivals[0].name)[0]
    write_report(
        given.json,
        {
            **new_report("equal_time"),
            "command": f"python benchmarks/equal_time.py {shlex.join(sys.argv[1:])}",
            "runs": [training_of(folder) for folder in given.runs],
            **{key: report[key] for key in REPORTED},
        },
    )


def rival_of(folder: Path) -> CotamRival:
    """The codec that a run wrote, by the name of its sizes."""
    (path,) = folder.glob("*.safetensors")
    return dataclasses.replace(CotamRival(load_codec(path)), name=path.stem)


def training_of(folder: Path) -> dict[str, Any]:
    """What the run was: steps, seconds and the pictures that it saw."""
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]
    last = [row for row in rows if "loss" in row and "validation" not in row][-1]
    (model,) = folder.glob("*.safetensors")
    network = load_codec(model).network
    return {
        "codec": model.stem,
        "steps": last["step"],
        "seconds": last["seconds"],
        "parameters": sum(tensor.numel() for tensor in network.state_dict().values()),
        "torch": torch.__version__,
    }


if __name__ == "__main__":
    main()
