"""Times CompressAI's models for ``cotam bench speed``, which runs this program with an interpreter of its own.

It says first what it has, then answers each line on standard input with one on standard output, all JSON:

    {"codecs": {NAME: SETTINGS}}
    {"codec": NAME, "picture": FILE.npy, "threads": N}
    {"encode": {STAGE: SECONDS}, "decode": {STAGE: SECONDS}, "bytes": N, "peak_bytes": N}

A picture is uint8 (H, W, 3). ``all`` is the whole way; the other stages are its parts.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from compressai_models import (
    SETTINGS,
    build,
    coded_bytes,
    entropy_models,
    import_compressai,
    replaced,
    spread_latents,
    to_input,
)
from torch import nn

STATUS = Path("/proc/self/status")


class Clock:
    """Adds up the seconds inside calls."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, timed."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - began

        return timed


@cache
def model_for(name: str, picture: str) -> nn.Module:
    """A model whose latents are spread for a picture."""
    return spread_latents(build(name), to_input(np.load(picture)))


def time_way(
    model: nn.Module, transform: str, stage: str, run: Callable[[], Any]
) -> tuple[Any, dict[str, float]]:
    """Run one way and take its time apart: a transform, the entropy coder, and the networks between."""
    transforming, coding, whole = Clock(), Clock(), Clock()
    owners = entropy_models(model)
    with (
        replaced([model._modules[transform]], "forward", transforming.around),
        replaced(owners, "compress", coding.around),
        replaced(owners, "decompress", coding.around),
    ):
        result = whole.around(run)()
    rest = whole.seconds - transforming.seconds - coding.seconds
    stages = {"all": whole.seconds, stage: transforming.seconds}
    return result, {**stages, "entropy networks": rest, "entropy coding": coding.seconds}


@torch.inference_mode()
def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Code and decode a picture."""
    torch.set_num_threads(request["threads"])
    model, pixels = model_for(request["codec"], request["picture"]), np.load(request["picture"])
    coded, encode = time_way(model, "g_a", "analysis", lambda: model.compress(to_input(pixels)))
    stream = {key: coded[key] for key in ("strings", "shape")}
    _, decode = time_way(
        model, "g_s", "synthesis", lambda: model.decompress(**stream)["x_hat"].mul(255).byte()
    )
    return {
        "encode": encode,
        "decode": decode,
        "bytes": coded_bytes(coded["strings"]),
        "peak_bytes": peak_bytes(),
    }


def peak_bytes() -> int | None:
    """Largest resident size of this process so far; None where the system does not tell."""
    lines = STATUS.read_text().splitlines() if STATUS.is_file() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), None)


def main() -> None:
    """Answer requests until there are no more."""
    version = import_compressai().__version__
    codecs = {name: f"CompressAI {version} {settings}, random weights" for name, settings in SETTINGS.items()}
    print(json.dumps({"codecs": codecs}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
