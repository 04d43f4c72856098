"""A narrow ELIC of random weights, in float form and as a model file."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from cotam.checkpoint import write_model
from cotam.codec import Codec, load_codec
from cotam.models.elic import Elic, ElicConfig
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
