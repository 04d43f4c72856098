"""Filling networks with what a file holds, every number checked."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from cotam.errors import ModelError
from cotam.ops.fixed_point import IntegerConv


def fill(network: nn.Module, path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Give a network, whose exact parts are in integer form, its weights, and prepare it to run.

    Args:
        network: of the sizes that the file says.
        path: the file, for messages.
        tensors: what it holds, by the names of the network's modules.

    Raises:
        ModelError: tensors that are missing, too many, of other shapes or types, not finite, or not exact.
    """
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
    check_exact(network, path)
    for module in network.modules():
        if isinstance(module, IntegerConv):
            module.prepare()


def check_exact(network: nn.Module, path: Path) -> None:
    """Refuse a network with a part that says it is not exact.

    Raises:
        ModelError: naming the part.
    """
    for name, module in network.named_modules():
        is_exact = getattr(module, "is_exact", None)
        if is_exact is not None and not is_exact():
            raise ModelError(f"{path}: integers of {name} could overflow, or are out of order")
