"""Steps, hats and gains as arrays are those of torch."""

import numpy as np
import torch

from cotam.checkpoint import load_model
from cotam.checkpoint.reading import read_model
from cotam.codec import LevelMap
from cotam.codec.steps import step_map as torch_step_map
from cotam.edge.quality import Gains, quality_hats, step_map
from cotam.ops.quality import quality_hats as torch_hats


def test_hats_are_the_same_at_every_step():
    steps = np.arange(8, 801)
    for nodes in (2, 4, 8):
        expected = torch_hats(torch.from_numpy(steps).view(1, 1, -1), nodes)[0, :, 0]
        assert np.array_equal(quality_hats(steps, nodes), expected.numpy())


def test_step_maps_are_the_same():
    level_map = LevelMap(
        np.random.default_rng(0).integers(-2, 3, (3, 5)).astype(np.int8), count=5, strength=33.5
    )
    for step, levels in ((8, level_map), (400, level_map), (800, level_map), (123, None)):
        expected = torch_step_map(step, levels, 7, 9, device=torch.device("cpu"))
        assert np.array_equal(step_map(step, levels, 7, 9), expected.numpy())


def test_gains_are_those_of_the_network(random_model_path):
    steps = np.random.default_rng(0).integers(8, 801, (6, 5))
    network = load_model(random_model_path).network
    expected = network.gains(torch_hats(torch.from_numpy(steps)[None], network.config.nodes))
    for found, right in zip(Gains(read_model(random_model_path).tensors)(steps), expected, strict=True):
        assert np.allclose(found, right[0].numpy(), rtol=1e-5)
