"""The shapes that a model file is held to are those of the networks."""

import pytest
import torch

from cotam.models.cotam_s import CotamS
from cotam.models.cotam_s_config import CotamSConfig
from cotam.models.cotam_s_shapes import float_shapes, integer_shapes


@pytest.mark.parametrize("size", ["small", "shipped"])
def test_the_shapes_are_those_of_the_networks(size, small_config):
    config = {"small": small_config, "shipped": CotamSConfig()}[size]
    tensors = CotamS(config).to_integers().state_dict()
    of_kind = {kind: {} for kind in (True, False)}
    for name, tensor in tensors.items():
        of_kind[torch.is_floating_point(tensor)][name] = tuple(tensor.shape)
    assert float_shapes(config) == of_kind[True]
    assert integer_shapes(config) == of_kind[False]
