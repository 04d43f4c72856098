"""A model file's networks in floating point again, so that they can learn on.

Integer weights are exact binary fractions, so nothing is lost: converted back, they are the same integers.
"""

from typing import Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor

from cotam.models.base_codec import BaseCodec

Codec = TypeVar("Codec", bound=BaseCodec)


@runtime_checkable
class ExactLayer(Protocol):
    """A layer in integer form that knows what its float form held."""

    def float_state(self) -> dict[str, Tensor]:
        """State of the float form, in any shape of the right size."""


def float_form(network: Codec) -> Codec:
    """Return a float copy, ready to train, of a network in integer form."""
    with torch.random.fork_rng(devices=[]):
        copy = type(network)(network.config)
    wanted = copy.state_dict()
    weights = {name: tensor for name, tensor in network.state_dict().items() if name in wanted}
    for name, module in network.named_modules():
        if isinstance(module, ExactLayer):
            weights |= {f"{name}.{key}": value for key, value in module.float_state().items()}
    copy.load_state_dict({name: weights[name].reshape(tensor.shape) for name, tensor in wanted.items()})
    return copy
