"""Fixtures for the whole suite: a small model of random weights, and pictures to code."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from cotam.checkpoint import write_model
from cotam.codec import Codec, load_codec
from cotam.models.cotam_s import CotamS
from cotam.models.cotam_s_config import CotamSConfig
from cotam.training.calibration import gaussian_tables

SMALL = CotamSConfig(
    latents=16,
    hyper=8,
    wide=16,
    deep=24,
    analysis_blocks=(1, 1),
    synthesis_blocks=(1, 1),
    hyper_hidden=16,
    features=16,
    context=16,
    nodes=4,
)


def random_network(seed: int = 0, config: CotamSConfig = SMALL) -> CotamS:
    """A float network in which no weight is left at its tidy start."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = CotamS(config)
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.05)
    return network.eval()


@pytest.fixture(scope="session")
def random_model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file of random weights in the real format."""
    path = tmp_path_factory.mktemp("model") / "random.safetensors"
    network = random_network().to_integers()
    write_model(path, network, gaussian_tables(), name="random", description="random weights for tests")
    return path


@pytest.fixture(scope="session")
def random_codec(random_model_path: Path) -> Codec:
    """The codec of `random_model_path`."""
    return load_codec(random_model_path)


@pytest.fixture(scope="session")
def shipped_codec() -> Codec:
    """The default codec with its trained weights."""
    return load_codec()


def smooth_picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A picture with gradients, an edge and a little noise, uint8 (height, width, 3)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    planes = [
        np.sin(x / rng.uniform(5, 40) + rng.uniform(0, 6)) + np.cos(y / rng.uniform(5, 40)) for _ in range(3)
    ]
    picture = 128 + 45 * np.stack(planes, -1) + 40 * ((x + y) > (height + width) / 2)[..., None]
    return np.clip(picture + rng.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def make_picture() -> Callable[..., np.ndarray]:
    """`smooth_picture`."""
    return smooth_picture


@pytest.fixture(scope="session")
def make_network() -> Callable[..., CotamS]:
    """`random_network`."""
    return random_network


@pytest.fixture(scope="session")
def small_config() -> CotamSConfig:
    """Sizes of `make_network`."""
    return SMALL
