"""Exactness belongs to the construction, not to our weights: models of any weights decode alike everywhere."""

import numpy as np
import pytest
import torch

from cotam.codec.latents import FrameSink, LatentCoder
from cotam.entropy_coding import FrameReader, FrameWriter
from cotam.entropy_models.hyperprior import IntegerHyperScales
from cotam.evaluation.variations import cpu_settings
from cotam.ops.fixed_point import IntegerConv
from cotam.ops.integers import MAX_SHIFT, MAX_WEIGHT
from cotam.ops.quality import MIN_STEP
from cotam.ops.quality_scale import MAX_STEP
from cotam.training.calibration import gaussian_tables

PICTURES = 5


@pytest.fixture(scope="module")
def tables():
    return gaussian_tables()


def any_weights(network, seed):
    """Give every exact layer weights over the whole range of 16 bits, any bias and any shift."""
    rng = np.random.default_rng(seed)
    for module in network.modules():
        if isinstance(module, IntegerConv):
            largest = int(2 ** rng.uniform(2, 15)) - 1
            assert largest <= MAX_WEIGHT
            weight = rng.integers(-largest, largest + 1, tuple(module.weight.shape))
            module.weight.copy_(torch.from_numpy(weight))
            limit = 1 << int(rng.integers(1, 30))
            module.bias.copy_(torch.from_numpy(rng.integers(-limit, limit + 1, len(module.bias))))
            module.shift.fill_(int(rng.integers(6, MAX_SHIFT + 1)))
            assert module.is_exact()
            if seed % 2:
                module.prepare()
        elif isinstance(module, IntegerHyperScales):
            module.index.copy_(torch.from_numpy(rng.integers(0, 63 * 256, tuple(module.index.shape))))
    return network


def coded(coder, seed, rows, columns):
    """Frames of random latents with random quality in every cell, and what they must decode to."""
    rng = np.random.default_rng(seed)
    m = coder.network.config.latents
    y = torch.from_numpy(rng.normal(0, 10.0 ** rng.integers(-2, 4), (PICTURES, m, rows, columns))).float()
    steps = torch.from_numpy(rng.integers(MIN_STEP, MAX_STEP + 1, (PICTURES, rows, columns)))
    base = torch.from_numpy(rng.integers(MIN_STEP, MAX_STEP + 1, PICTURES))
    writers = [FrameWriter() for _ in range(PICTURES)]
    with torch.inference_mode():
        latents = coder.encode(y, steps, base, FrameSink(coder.tables, writers))
    return [writer.to_bytes() for writer in writers], steps, base, latents


def decoded(coder, frames, steps, base):
    readers = [FrameReader(frame) for frame in frames]
    with torch.inference_mode():
        latents = coder.decode(readers, steps, base)
    for reader in readers:
        reader.finish()
    return latents


@pytest.mark.parametrize("seed", range(8))
def test_models_of_any_weights_decode_what_was_encoded_in_every_way(make_network, tables, seed):
    coder = LatentCoder(any_weights(make_network(seed).to_integers(), seed), tables)
    frames, steps, base, expected = coded(coder, seed, *np.random.default_rng(seed).integers(1, 8, 2))
    assert any(frames)
    for threads, onednn in ((1, True), (2, False)):
        with cpu_settings(threads, onednn=onednn):
            assert torch.equal(decoded(coder, frames, steps, base), expected)
            for n in range(PICTURES):
                one = slice(n, n + 1)
                assert torch.equal(decoded(coder, frames[one], steps[one], base[one]), expected[one])
