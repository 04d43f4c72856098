"""A narrow ELIC of random weights: in float form, as a model file, and as others would have saved it."""

import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from cotam.checkpoint import write_model
from cotam.codec import Codec, load_codec
from cotam.models.elic.codec import Elic, ElicConfig
from cotam.ops.integers import ONE
from cotam.training.calibration import assumed_tables

NARROW = ElicConfig(
    width=8,
    groups=(2, 2, 4, 4, 8),
    hyper=6,
    hyper_hidden=10,
    features=12,
    channel_hidden=(8, 6),
    parameter_hidden=(12, 8) * 5,
    nodes=4,
)


def narrow_elic(seed: int = 0, config: ElicConfig = NARROW) -> Elic:
    """A float network whose latents, scales and hyper-latents are lively enough to be worth coding."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Elic(config)
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                if name.startswith(("analysis", "hyper_analysis")) and parameter.dim() == 4:
                    parameter.mul_(1.6)
            for group in network.context.parameter:
                group.last.weight.mul_(4)
                group.last.bias.chunk(2)[1].add_(1.5)
            network.hyper_prior.medians.copy_(torch.arange(config.hyper) * 40 - 90)
    return network.eval()


NUMBERS = {"first": "0", "second": "2", "last": "4"}
CHANDELIER = {
    r"hyper_synthesis\.(\w+)": "h_s.{0}",
    r"hyper_analysis\.layers": "h_a",
    r"hyper_prior\.matrices\.": "entropy_bottleneck._matrix",
    r"hyper_prior\.biases\.": "entropy_bottleneck._bias",
    r"hyper_prior\.factors\.": "entropy_bottleneck._factor",
    r"context\.channel\.(\d)\.(\w+)": "cc_transforms.{0}.{1}",
    r"context\.spatial\.(\d)": "context_prediction.{0}",
    r"context\.parameter\.(\d)\.(\w+)": "ParamAggregation.{0}.{1}",
}
COMPRESSAI = {
    r"hyper_synthesis\.(\w+)": "latent_codec.hyper.h_s.{0}",
    r"hyper_analysis\.layers": "latent_codec.hyper.h_a",
    r"hyper_prior\.": "latent_codec.hyper.entropy_bottleneck.",
    r"context\.channel\.(\d)\.(\w+)": "latent_codec.y.channel_context.y{next}.{1}",
    r"context\.spatial\.(\d)": "latent_codec.y.latent_codec.y{0}.context_prediction",
    r"context\.parameter\.(\d)\.(\w+)": "latent_codec.y.latent_codec.y{0}.entropy_parameters.{1}",
}
"""How both name the parts, written down independently of the code under test."""


def renamed(name: str, naming: dict[str, str]) -> str:
    name = name.replace("analysis.layers", "g_a") if name.startswith("analysis") else name
    name = name.replace("synthesis.layers", "g_s") if name.startswith("synthesis") else name
    for pattern, target in naming.items():
        if match := re.match(pattern, name):
            words = [NUMBERS.get(word, word) for word in match.groups()]
            follows = str(int(words[0]) + 1) if words and words[0].isdigit() else ""
            return target.format(*words, next=follows) + name[match.end() :]
    return name


def foreign_state(network: Elic, naming: dict[str, str], official: bool = False) -> dict[str, torch.Tensor]:
    """A state dict as its authors' code would save the network."""
    state = {}
    for name, tensor in network.state_dict().items():
        if name.startswith("gains") or name in ("hyper_prior.medians", "context.thresholds"):
            continue
        if re.fullmatch(r"hyper_synthesis\.(first|second)\.weight", name):
            tensor = tensor.transpose(0, 1)
        if official and name == "hyper_synthesis.last.weight":
            tensor = tensor.flip(2, 3).transpose(0, 1)
        if official and re.match(r"context\.parameter\.\d\.last", name):
            tensor = torch.cat(tensor.chunk(2)[::-1])
        state[renamed(name, naming)] = tensor.clone(memory_format=torch.contiguous_format)
    prefix = "latent_codec.hyper." if naming is COMPRESSAI else ""
    quantiles = torch.zeros(network.config.hyper, 1, 3)
    quantiles[:, 0, 1] = network.hyper_prior.medians / ONE
    state[f"{prefix}entropy_bottleneck.quantiles"] = quantiles
    state[f"{prefix}entropy_bottleneck._offset"] = torch.zeros(0, dtype=torch.int32)
    state[f"{prefix}entropy_bottleneck.target"] = torch.zeros(3)
    return state


@pytest.fixture(scope="session")
def make_elic() -> Callable[..., Elic]:
    """`narrow_elic`."""
    return narrow_elic


@pytest.fixture(scope="session")
def narrow_sizes() -> dict[str, Any]:
    """Sizes of `make_elic`, but for the nodes of its gains."""
    return {name: value for name, value in asdict(NARROW).items() if name != "nodes"}


@pytest.fixture(scope="session")
def elic_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file of a narrow ELIC."""
    path = tmp_path_factory.mktemp("elic") / "narrow.safetensors"
    network = narrow_elic().to_integers()
    write_model(path, network, assumed_tables(network), name="narrow", description="random weights for tests")
    return path


@pytest.fixture(scope="session")
def elic_codec(elic_path: Path) -> Codec:
    """The codec of `elic_path`."""
    return load_codec(elic_path)
