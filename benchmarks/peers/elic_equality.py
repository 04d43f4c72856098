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
import math
import sys
import types
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cotam.codec.latents import LatentCoder
from cotam.codec.quantisation import Quantiser
from cotam.entropy_models.gaussian import gaussian_bits
from cotam.entropy_models.passes import PassBlock
from cotam.entropy_models.structure import TABLES
from cotam.models.elic.checkpoints import read_elic
from cotam.ops.quality import lmbda_of_step, quality_hats
from cotam.ops.quality_scale import quality_to_step
from cotam.training.calibration import assumed_tables
from cotam.training.export import float_bits

POINT_CLOUDS = ("pandas", "torchvision", "torch_geometric")
QUALITY = 50.0
SIDE = 128
LIVELY = {"g_a": 1.7, "h_a": 2.0, "h_s": 4.0, "channel_context": 2.0}
"""Factors on the weights of parts, by their names: activations beyond 128 then come about inside."""


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
            for part, factor in LIVELY.items():
                if part in key and parameter.dim() == 4:
                    parameter.mul_(factor)
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
    """Run both on a picture; largest differences of everything that leaves the networks.

    Of two forward passes in floating point some latents round to other sides, and the context carries that on. So
    each part is given what CompressAI has at that place, and the context the latents that CompressAI decodes.
    """
    model, x = theirs(name, seed), picture(seed)
    foreign = read_elic(model.state_dict())
    network, base = foreign.network, torch.tensor([quality_to_step(QUALITY)])
    network.gains.start_at(float(lmbda_of_step(base)))
    hats = quality_hats(base.view(1, 1, 1).expand(1, SIDE // 16, SIDE // 16), network.config.nodes)
    y, expected = model.g_a(x), model(x)
    z, features = model.latent_codec.hyper.h_a(y), model.latent_codec.hyper(y)["params"]
    medians = model.latent_codec.hyper.entropy_bottleneck.quantiles[:, 0, 1].view(-1, 1, 1)
    symbols = torch.round(z - medians)
    y_hat = model.latent_codec.y(y, features)["y_hat"]
    bits, fractions = context_bits(network, features, hats, y_hat)
    distance = {
        "gains": network.gains(hats)[0] - 1,
        "analysis": network.analysis(x - 0.5) - y,
        "hyper-analysis": network.hyper_analysis(y, hats) - z,
        "hyper-synthesis": network.hyper_features(symbols) - features,
        "symbols from whole numbers": fractions,
        "synthesis": network.synthesis(y_hat, hats) + 0.5 - model.g_s(y_hat),
    }
    theirs_bits = {part: float(-torch.log2(expected["likelihoods"][part]).sum()) for part in "yz"}
    return {
        "class": name,
        "layout": foreign.report.layout,
        "keys": {
            "matched": len(foreign.report.matched),
            "unneeded": len(foreign.report.unneeded),
            "unexpected": list(foreign.report.unexpected),
        },
        "largest_latent": round(float(y_hat.abs().max()), 2),
        "largest_feature": round(float(features.abs().max()), 2),
        "largest_difference": {part: float(values.abs().max()) for part, values in distance.items()},
        "bits": {
            "theirs": theirs_bits,
            "here": {"y": bits, "z": float(network.hyper_prior.bits(symbols).sum())},
        },
        **exact_cost(network, x),
    }


def context_bits(network: Any, features: Tensor, hats: Tensor, y_hat: Tensor) -> tuple[float, Tensor]:
    """Bits of given latents, and how far their symbols are from whole numbers: where means agree, nothing."""
    bits, fractions = [], []

    def code(blocks: list[PassBlock]) -> list[Tensor]:
        for block in blocks:
            symbols = y_hat[block.where] - block.means
            fractions.append((symbols - symbols.round()).flatten())
            bits.append(gaussian_bits(symbols.round(), block.indexes).sum())
        return [y_hat[block.where] for block in blocks]

    network.context.run(network.context.prior_features(features, hats), y_hat, code)
    return float(torch.stack(bits).sum()), torch.cat(fractions)


def exact_cost(network: Any, x: Tensor) -> dict[str, float]:
    """What the conversion to integers costs in rate on the picture at its own quality, no table fitted."""
    pixels = [(x[0].permute(1, 2, 0) * 255).round().byte().numpy()]
    plain = copy.deepcopy(network).to_integers()
    network.equalise(lambda: float_bits(network, pixels, [QUALITY]))
    ideal = float_bits(network, pixels, [QUALITY])
    costs = {
        "integer_rate_cost_percent": priced(network.to_integers(), pixels[0]) / ideal,
        "integer_rate_cost_without_scaling_percent": priced(plain, pixels[0]) / ideal,
    }
    return {key: round(100 * (ratio - 1), 4) for key, ratio in costs.items()}


def priced(exact: Any, pixels: np.ndarray) -> float:
    """Bits of a picture by the exact networks, latents priced by Gaussians as the float networks price them."""
    tables, price = assumed_tables(exact), GaussianPrice()
    coder = LatentCoder(exact, tables, Quantiser(tables, math.inf))
    x = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255 - 0.5
    y, base = exact.analysis(x), torch.tensor([quality_to_step(QUALITY)])
    coder.encode(y, base.view(1, 1, 1).expand(1, *y.shape[-2:]), base, price)
    hyper = float(exact.hyper_prior.bits(price.hyper.view(1, exact.config.hyper, SIDE // 64, -1)).sum())
    return price.bits + hyper


class GaussianPrice:
    """A sink that adds up what latents cost by the Gaussians of their indexes, and keeps the hyper-latents."""

    def __init__(self) -> None:
        self.bits, self.hyper = 0.0, torch.zeros(0)

    def add(self, symbols: np.ndarray, indexes: np.ndarray) -> None:
        """Take one part."""
        values, chosen = torch.from_numpy(symbols).float(), torch.from_numpy(indexes).float()
        if indexes.max() >= TABLES:
            self.hyper = values
        else:
            self.bits += float(gaussian_bits(values, chosen).sum())


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
