"""Loading a model file into torch's networks, ready to code."""

from dataclasses import dataclass
from pathlib import Path

import torch

from cotam.checkpoint.reading import ModelArrays, read_model
from cotam.checkpoint.registry import ModelCard
from cotam.entropy_coding import TableSet
from cotam.errors import ModelError
from cotam.models.cotam_s import CotamS
from cotam.ops.fixed_point import IntegerConv


@dataclass(frozen=True)
class LoadedModel:
    """A base codec ready to code: networks with exact entropy models, tables, and the card."""

    card: ModelCard
    network: CotamS
    tables: TableSet

    @property
    def model_id(self) -> bytes:
        """The 4 bytes that streams carry."""
        return bytes.fromhex(self.card.model_id)


def load_model(name_or_path: str | Path) -> LoadedModel:
    """Load a model by name or by the path of its file.

    Raises:
        ModelError: unknown, damaged, altered, or of another architecture.
    """
    read = read_model(name_or_path)
    return LoadedModel(read.card, tables=read.tables, network=_build(read))


def _build(read: ModelArrays) -> CotamS:
    path = read.card.path
    tensors = {name: torch.from_numpy(array) for name, array in read.tensors.items()}
    with torch.random.fork_rng(devices=[]):
        network = CotamS(read.config).to_integers()
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise ModelError(
            f"{path}: the weights do not fit their architecture: {str(error).splitlines()[0]}"
        ) from error
    for name, tensor in network.state_dict().items():
        same = tensors[name].is_floating_point() == tensor.is_floating_point() and torch.equal(
            tensors[name], tensor
        )
        if not (same and torch.isfinite(tensor).all()):
            raise ModelError(f"{path}: {name} holds other than finite numbers of its type")
    for name, module in network.named_modules():
        if isinstance(module, IntegerConv):
            if not module.is_exact():
                raise ModelError(f"{path}: integer weights of {name} could overflow")
            module.prepare()
    return network
