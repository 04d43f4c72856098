"""A model file's networks in floating point again, so that they can learn on.

Integer weights are exact binary fractions, so nothing is lost: converted back, they are the same integers.
"""

import torch
from torch import Tensor

from cotam.entropy_models.hyperprior import INDEX_PER_PACE, IntegerHyperScales
from cotam.models.cotam_s import CotamS
from cotam.ops.fixed_point import IntegerConv
from cotam.ops.integers import ONE


def float_form(network: CotamS) -> CotamS:
    """Return a float copy, ready to train, of a network in integer form."""
    with torch.random.fork_rng(devices=[]):
        copy = CotamS(network.config)
    wanted = copy.state_dict()
    weights = {name: tensor for name, tensor in network.state_dict().items() if name in wanted}
    for name, module in network.named_modules():
        if isinstance(module, IntegerConv):
            weights |= {f"{name}.{key}": value for key, value in _float_weights(module).items()}
    if isinstance(network.hyper_scales, IntegerHyperScales):
        weights["hyper_scales.pace"] = network.hyper_scales.index / (ONE * INDEX_PER_PACE)
    copy.load_state_dict({name: weights[name].reshape(tensor.shape) for name, tensor in wanted.items()})
    return copy


def _float_weights(layer: IntegerConv) -> dict[str, Tensor]:
    unit = 2.0 ** int(layer.shift)
    return {"weight": layer.weight.double() / unit, "bias": layer.bias.double() / (unit * ONE)}
