"""Where a stream's bits go, with every base codec."""

import numpy as np
import pytest
import torch

from cotam.codec import LevelMap
from cotam.evaluation.regional_bits import regional_bits
from cotam.ops.integers import ONE

HALVES = LevelMap(np.array([[-1, 1]], np.int8), strength=20)


@pytest.fixture(params=["cotam-s", "elic"])
def codec(request, random_codec, elic_codec):
    return {"cotam-s": random_codec, "elic": elic_codec}[request.param]


@pytest.mark.parametrize("size", [(1, 1), (17, 33), (130, 70)])
@pytest.mark.parametrize("level_map", [None, HALVES])
def test_the_regions_bits_come_to_the_ideal_size_of_the_stream(codec, make_picture, size, level_map):
    analysis = codec.analyse(make_picture(*size))
    labels = np.random.default_rng(0).integers(0, 3, analysis.y.shape[-2:])
    bits = regional_bits(codec, analysis, 60, level_map, labels)
    assert bits.sum() == pytest.approx(codec.encode_analysis(analysis, 60, level_map).ideal_bits)


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (5, 3)])
def test_a_context_codes_the_places_that_it_names(codec, size):
    network = codec.network
    context, (rows, columns) = network.context, size
    z = torch.zeros(1, network.config.hyper, 2, 2, dtype=torch.float64)
    hats = torch.full((1, network.config.nodes, *size), ONE / network.config.nodes, dtype=torch.float64)
    prior = context.prior_features(network.hyper_features(z)[..., :rows, :columns], hats)
    coded, known = [], torch.zeros(1, network.config.latents, *size, dtype=torch.float64)

    def code(blocks):
        coded.append([block.where for block in blocks])
        for block in blocks:
            known[block.where] += 1
        return [block.means for block in blocks]

    context.run(prior, known, code)
    named = ([where for where in places if known[where].numel()] for places in context.passes())
    assert coded == [places for places in named if places]
    assert (known == 1).all()
