"""Whole networks of exact layers, any weights that 16 bits hold: torch in every way gives what int64 gives."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from cotam.entropy_models.quadtree import ContextTrunk
from cotam.evaluation.variations import cpu_settings
from cotam.ops.fixed_point import IntegerConv, add_leaky, leaky_relu, saturate
from cotam.ops.integers import MAX_ACTIVATION, MAX_SHIFT, MAX_WEIGHT

CHANNELS = 12
STEPS = ("pointwise", "depthwise", "leaky", "residual", "saturate")
NETWORKS = st.lists(st.sampled_from(STEPS), min_size=2, max_size=9)
SEEDS = st.integers(0, 2**32 - 1)
SIDES = st.tuples(st.integers(1, 11), st.integers(1, 11))


def random_integers(rng: np.random.Generator, limit: int, shape: tuple[int, ...]) -> np.ndarray:
    """Integers in -limit..limit: all over, at the limits only, or so small that rounding decides."""
    kind = rng.integers(3)
    if kind == 0:
        return rng.integers(-limit, limit + 1, shape)
    return limit * rng.choice([-1, 1], shape) if kind == 1 else rng.integers(-3, 4, shape)


def random_layer(rng: np.random.Generator, step: str) -> IntegerConv:
    """A layer of random weights and biases, whose results are as often saturated as small."""
    layer = IntegerConv(CHANNELS, CHANNELS, depthwise=step == "depthwise", saturating=rng.random() < 0.8)
    layer.weight.copy_(torch.from_numpy(random_integers(rng, MAX_WEIGHT, tuple(layer.weight.shape))))
    layer.bias.copy_(torch.from_numpy(random_integers(rng, 1 << int(rng.integers(1, 46)), (CHANNELS,))))
    layer.shift.fill_(int(rng.integers(MAX_SHIFT + 1)))
    assert layer.is_exact()
    if rng.random() < 0.5:
        layer.prepare()
    return layer


def network_of(rng: np.random.Generator, steps: list[str]) -> list[tuple[str, IntegerConv]]:
    return [(step, random_layer(rng, step)) for step in steps]


def in_torch(network: list[tuple[str, IntegerConv]], x: Tensor) -> Tensor:
    """Run a network with the layers and activations of the codec."""
    for step, layer in network:
        if step == "leaky":
            x = leaky_relu(x)
        elif step == "residual":
            x = add_leaky(x, layer(saturate(x)))
        elif step == "saturate":
            x = saturate(x)
        else:
            x = layer(saturate(x))
    return saturate(x)


def in_int64(network: list[tuple[str, IntegerConv]], x: np.ndarray) -> np.ndarray:
    """The same by its definition, where nothing can be inexact."""
    for step, layer in network:
        if step == "leaky":
            x = leak(x)
        elif step == "residual":
            x = clip(x + leak(convolve(layer, clip(x))))
        elif step == "saturate":
            x = clip(x)
        else:
            x = convolve(layer, clip(x))
    return clip(x)


def clip(x: np.ndarray) -> np.ndarray:
    return np.clip(x, -MAX_ACTIVATION, MAX_ACTIVATION)


def leak(x: np.ndarray) -> np.ndarray:
    return clip(np.where(x < 0, x >> 3, x))


def convolve(layer: IntegerConv, x: np.ndarray) -> np.ndarray:
    weight, bias, shift = layer.weight.numpy().astype(np.int64), layer.bias.numpy(), int(layer.shift)
    if layer.depthwise:
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))
        total = np.einsum("nchwt,ct->nchw", windows.reshape(*x.shape, 9), weight)
    else:
        total = np.einsum("nihw,oi->nohw", x, weight)
    total = (total + bias[:, None, None] + ((1 << shift) >> 1)) >> shift
    return clip(total) if layer.saturating else total


def layouts(x: Tensor) -> dict[str, Tensor]:
    """The same values in other places of memory."""
    spread = torch.zeros(*(2 * side for side in x.shape), dtype=x.dtype)
    spread[1::2, ::2, 1::2, ::2] = x
    return {
        "contiguous": x.contiguous(),
        "channels last": x.contiguous(memory_format=torch.channels_last),
        "transposed": x.transpose(2, 3).contiguous().transpose(2, 3),
        "every other one of a larger tensor": spread[1::2, ::2, 1::2, ::2],
    }


@settings(max_examples=25, deadline=None, derandomize=True)
@given(SEEDS, NETWORKS, SIDES)
def test_any_network_gives_what_int64_gives_in_every_layout_batch_and_number_of_threads(seed, steps, sides):
    rng = np.random.default_rng(seed)
    network, x = network_of(rng, steps), random_integers(rng, MAX_ACTIVATION, (3, CHANNELS, *sides))
    expected, given_values = in_int64(network, x), torch.from_numpy(x).double()
    for threads, onednn in ((1, True), (2, False)):
        with cpu_settings(threads, onednn=onednn):
            for name, values in layouts(given_values).items():
                np.testing.assert_array_equal(in_torch(network, values), expected, name)
            alone = torch.cat([in_torch(network, given_values[n : n + 1]) for n in range(3)])
            np.testing.assert_array_equal(alone, expected)
    np.testing.assert_array_equal(given_values, x)  # nothing wrote into its input


@settings(max_examples=25, deadline=None, derandomize=True)
@given(SEEDS, st.sampled_from(["pointwise", "depthwise"]), SIDES, st.integers(1, 7))
def test_zeros_around_a_picture_do_not_reach_a_layers_result(seed, kind, sides, border):
    rng = np.random.default_rng(seed)
    layer = random_layer(rng, kind)
    x = torch.from_numpy(random_integers(rng, MAX_ACTIVATION, (2, CHANNELS, *sides))).double()
    wide = nn.functional.pad(x, (border, border + 3, border, 5))
    inside = layer(wide)[..., border : border + sides[0], border : border + sides[1]]
    assert torch.equal(inside, layer(x))


@pytest.mark.parametrize("seed", range(6))
def test_a_context_trunk_of_random_weights_is_its_int64_form(seed):
    rng = np.random.default_rng(seed)
    spread, mix, refine = (random_layer(rng, kind) for kind in ("depthwise", "pointwise", "pointwise"))
    trunk = ContextTrunk(CHANNELS)
    trunk.spread, trunk.mix, trunk.refine = spread, mix, refine
    for layer in (spread, mix, refine):
        layer.saturating = True
    x = random_integers(rng, MAX_ACTIVATION, (2, CHANNELS, 9, 6))
    expected = leak(x)
    expected = clip(expected + leak(convolve(mix, convolve(spread, expected))))
    expected = clip(expected + leak(convolve(refine, expected)))
    np.testing.assert_array_equal(trunk(torch.from_numpy(x).double()), expected)
