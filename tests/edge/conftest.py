"""Edge codecs, and models whose integer weights use all of their 16 bits."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from cotam.checkpoint import write_model
from cotam.edge import EdgeCodec, load_edge_codec
from cotam.models.cotam_s import CotamS
from cotam.ops.fixed_point import IntegerConv
from cotam.training.calibration import gaussian_tables

from ..vision.conftest import checkpoint, transformers

__all__ = ["checkpoint", "transformers"]

pytest.importorskip("onnxruntime", reason="the edge runtimes are in cotam[edge]")
pytest.importorskip("openvino", reason="the edge runtimes are in cotam[edge]")

RUNTIMES = ("onnx", "openvino")


def with_wild_weights(network: CotamS, seed: int) -> CotamS:
    """Draw the integer layers of a network anew, from the whole range of weights, with shifts that keep them alive."""
    generator = torch.Generator().manual_seed(seed)

    def draw(low: int, high: int, shape: torch.Size) -> torch.Tensor:
        return torch.randint(low, high + 1, shape, generator=generator)

    for module in network.modules():
        if isinstance(module, IntegerConv):
            module.weight.copy_(draw(-32767, 32767, module.weight.shape))
            module.bias.copy_(draw(-(2**33), 2**33, module.bias.shape))
            module.shift.fill_(int(draw(14, 20, torch.Size(()))))
    return network


@pytest.fixture(scope="session")
def wild_model_path(tmp_path_factory: pytest.TempPathFactory, make_network: Callable[..., CotamS]) -> Path:
    """A model file whose integer weights are random and reach the ends of their range."""
    path = tmp_path_factory.mktemp("wild") / "wild.safetensors"
    network = with_wild_weights(make_network(1).to_integers(), 2)
    write_model(path, network, gaussian_tables(), name="wild", description="wild weights for tests")
    return path


@pytest.fixture(scope="session", params=RUNTIMES)
def edge_codec(request: pytest.FixtureRequest, random_model_path: Path) -> EdgeCodec:
    """The codec of `random_model_path` on each runtime, as precise as it gets."""
    return load_edge_codec(random_model_path, runtime=request.param, precision="float32", threads=2)
