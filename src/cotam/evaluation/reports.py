"""Reports of measurements as JSON: with the command, the versions and the machine that made them."""

import json
import os
import platform
import shlex
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from cotam.images import write_atomically

PACKAGES = ("torch", "pillow", "numpy", "cotam")
CPU_INFO = Path("/proc/cpuinfo")


def new_report(measurement: str, packages: Sequence[str] = ()) -> dict[str, Any]:
    """Begin a report: what is measured, by which command, with which versions, on which machine.

    Nothing in it names the host or a path that the user did not type.

    Args:
        measurement: what is measured.
        packages: whose versions matter here beside those of `PACKAGES`.
    """
    return {
        "measurement": measurement,
        "command": shlex.join(["cotam", *sys.argv[1:]]),
        "versions": {
            "python": platform.python_version(),
            **{name: _version(name) for name in (*PACKAGES, *packages)},
        },
        "machine": {
            "cpu": cpu_model(),
            "cores": os.cpu_count(),
            "kernels": torch.backends.cpu.get_cpu_capability(),
            "threads": torch.get_num_threads(),
            "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        },
    }


def cpu_model() -> str:
    """Name of the processor, as far as the system tells."""
    if CPU_INFO.is_file():
        for line in CPU_INFO.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def write_report(path: Path, report: dict[str, Any]) -> None:
    """Write a report, whole or not at all; lists take one line per item, so that people can read the rows.

    Raises:
        ImageError: the file cannot be written.
    """
    parts = [f"{json.dumps(key)}: {_text(value)}" for key, value in report.items()]
    write_atomically(path, ("{\n" + ",\n".join(parts) + "\n}\n").encode())


def _text(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return json.dumps(value, allow_nan=False)
    return "[\n" + ",\n".join(f" {json.dumps(item, allow_nan=False)}" for item in value) + "\n]"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
