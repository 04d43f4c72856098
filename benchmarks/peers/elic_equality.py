"""ELIC here against CompressAI's own classes: same weights, same pictures, same latents, bits and reconstructions.

Needs an environment of its own, in which cotam is installed as well (or on ``PYTHONPATH``):

    pip install --no-deps compressai==1.2.8 einops pytorch-msssim
    python benchmarks/peers/elic_equality.py --json benchmarks/results/elic_equality.json

What CompressAI imports for point clouds alone (pandas, torchvision, PyTorch Geometric) is not needed: where it is
missing, empty modules take its place. The weights are random, and made lively enough that latents and scales vary.
"""

import argparse
import copy
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import sys
import types
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cotam.models.elic_checkpoints import read_elic
from cotam.ops.quality import lmbda_of_step, quality_to_step
from cotam.training.calibration import assumed_tables
from cotam.training.export import float_bits, integer_bits

POINT_CLOUDS = ("pandas", "torchvision", "torch_geometric")
QUALITY = 50.0
SIDE = 128


class Absent(types.ModuleType):
    """A module whose every name is a class that does nothing."""

    __path__: Sequence[str] = ()
    __all__: Sequence[str] = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        does_nothing = {"__init__": lambda *_, **__: None, "__call__": lambda _, x=None, *__: x}
        return type(name, (), does_nothing)


class AbsentFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `Absent` modules under the given names."""

    def __init__(self, roots: set[str]) -> None:
        self.roots = roots

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """See `importlib.abc.MetaPathFinder`."""
        if name.split(".")[0] in self.roots:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: Any) -> types.ModuleType:
        """See `importlib.abc.Loader`."""
        return Absent(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """See `importlib.abc.Loader`."""


def theirs(name: str, seed: int) -> nn.Module:
    """CompressAI's class with lively random weights; medians lie on the grid of 1/256 that is stored here."""
    sys.meta_path.insert(0, AbsentFinder({r for r in POINT_CLOUDS if importlib.util.find_spec(r) is None}))
    torch.manual_seed(seed)
    model = getattr(importlib.import_module("compressai.models.sensetime"), name)().eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if key.startswith("g_a") and parameter.dim() == 4:
                parameter.mul_(1.7)
            if "entropy_parameters.4.weight" in key:
                parameter.mul_(6)
            if "entropy_parameters.4.bias" in key:
                scales = parameter.chunk(2)[0 if name.endswith("Official") else 1]
                scales.fill_(1.0)
        bottleneck = model.latent_codec.hyper.entropy_bottleneck
        bottleneck.quantiles[:, 0, 1] = torch.randint(-200, 200, (192,)) / 256
    return model


def picture(seed: int) -> Tensor:
    """Smooth colours with edges, (1, 3, SIDE, SIDE), samples in 0..1."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 12, 12, generator=generator)
    smooth = nn.functional.interpolate(coarse, SIDE, mode="bicubic").clamp(0, 1)
    fine = torch.rand(1, 3, SIDE // 4, SIDE // 4, generator=generator).repeat_interleave(4, 2)
    return (0.8 * smooth + 0.2 * fine.repeat_interleave(4, 3)).clamp(0, 1)


@torch.no_grad()
def compare(name: str, seed: int = 0) -> dict[str, Any]:
    """Run both on a picture; differences of everything that leaves the networks."""
    model, x = theirs(name, seed), picture(seed)
    foreign = read_elic(model.state_dict())
    network, step = foreign.network, quality_to_step(QUALITY)
    network.gains.start_at(float(lmbda_of_step(torch.tensor(step))))
    expected, y = model(x), model.g_a(x)
    hyper = model.latent_codec.hyper(y)
    y_hat = model.latent_codec.y(y, hyper["params"])["y_hat"]
    base = torch.tensor([step])
    steps = base.view(1, 1, 1).expand(1, SIDE // 16, SIDE // 16)
    coded = network.code(x - 0.5, steps, base, rounded=True)
    x_hat = network.reconstruct(coded.y_hat, steps) + 0.5
    bits = {part: float(-torch.log2(expected["likelihoods"][part]).sum()) for part in "yz"}
    ours = {"y": float(coded.latent_bits.sum()), "z": float(coded.hyper_bits.sum())}
    return {
        "class": name,
        "layout": foreign.report.layout,
        "keys": {
            "matched": len(foreign.report.matched),
            "unneeded": len(foreign.report.unneeded),
            "unexpected": list(foreign.report.unexpected),
        },
        "latents_that_are_not_zero_percent": round(100 * float((y_hat.round() != 0).float().mean()), 1),
        "largest_latent": round(float(y_hat.abs().max()), 2),
        "latent_difference": float((coded.y_hat - y_hat).abs().max()),
        "sample_difference": float((x_hat - expected["x_hat"]).abs().max()),
        "bits": {"theirs": bits, "here": ours},
        **exact_cost(network, x),
    }


def exact_cost(network: Any, x: Tensor) -> dict[str, float]:
    """What the conversion to integers costs in rate on the picture, before any table is fitted."""
    pixels = (x[0].permute(1, 2, 0) * 255).round().byte().numpy()
    plain = copy.deepcopy(network).to_integers()
    network.equalise(lambda: float_bits(network, [pixels]))
    ideal = float_bits(network, [pixels])
    tables, exact = assumed_tables(network), copy.deepcopy(network).to_integers()
    costs = {
        "integer_rate_cost_percent": integer_bits(exact, tables, [pixels]) / ideal,
        "integer_rate_cost_without_scaling_percent": integer_bits(plain, tables, [pixels]) / ideal,
    }
    return {key: round(100 * (ratio - 1), 4) for key, ratio in costs.items()}


def main() -> None:
    """Compare both classes and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="file to write")
    arguments = parser.parse_args()
    rows = [compare(name) for name in ("Elic2022Chandelier", "Elic2022Official")]
    text = json.dumps(
        {"compressai": version("compressai"), "torch": torch.__version__, "rows": rows}, indent=1
    )
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
