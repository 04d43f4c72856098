"""The exact layers: integers in, the same integers out, whatever computes them."""

import shutil

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from cotam.ops.fixed_point import FixedConv, IntegerConv, add_leaky, leaky_relu, saturate, to_integers
from cotam.ops.integers import FRACTION_BITS, MAX_ACTIVATION, MAX_SHIFT, MAX_WEIGHT, ONE

LAYERS = st.tuples(
    st.integers(0, 2**32 - 1),  # seed
    st.booleans(),  # depthwise
    st.integers(1, 9),  # height
    st.integers(1, 9),  # width
    st.integers(0, MAX_SHIFT),
)


def integers(rng: np.random.Generator, limit: int, shape: tuple[int, ...]) -> np.ndarray:
    """Integers in -limit..limit: anywhere, at the limits, or small."""
    kinds = (
        rng.integers(-limit, limit + 1, shape),
        limit * rng.choice([-1, 1], shape),
        rng.integers(-3, 4, shape),
    )
    return kinds[rng.integers(3)]


def random_layer(seed: int, depthwise: bool, shift: int, inputs: int = 24, outputs: int = 24) -> IntegerConv:
    """Random weights as large as 16 bits go, and biases as large as 45."""
    rng = np.random.default_rng(seed)
    layer = IntegerConv(inputs, outputs, depthwise=depthwise)
    layer.weight.copy_(torch.from_numpy(integers(rng, MAX_WEIGHT, tuple(layer.weight.shape))))
    layer.bias.copy_(torch.from_numpy(integers(rng, 1 << int(rng.integers(1, 46)), (outputs,))))
    layer.shift.fill_(shift)
    return layer


def random_input(seed: int, *shape: int) -> Tensor:
    return torch.from_numpy(integers(np.random.default_rng(seed), MAX_ACTIVATION, shape)).double()


def in_int64(layer: IntegerConv, x: Tensor) -> np.ndarray:
    """The layer by its definition, in NumPy's int64, where shifts and sums cannot be inexact."""
    values = x.numpy().astype(np.int64)
    weight, bias, shift = layer.weight.numpy().astype(np.int64), layer.bias.numpy(), int(layer.shift)
    if layer.depthwise:
        padded = np.pad(values, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))
        total = (windows.reshape(*values.shape, 9) * weight[:, None, None, :]).sum(-1)
    else:
        total = np.einsum("oi,nihw->nohw", weight, values)
    rounded = (total + bias[:, None, None] + ((1 << shift) >> 1)) >> shift
    return np.clip(rounded, -MAX_ACTIVATION, MAX_ACTIVATION)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(LAYERS)
def test_random_weights_at_the_limits_give_what_int64_gives(case):
    seed, depthwise, height, width, shift = case
    layer, x = random_layer(seed, depthwise, shift), random_input(seed, 2, 24, height, width)
    assert layer.is_exact()
    np.testing.assert_array_equal(layer(x).numpy(), in_int64(layer, x))


@pytest.mark.parametrize("shift", [0, 1, 13, MAX_SHIFT])
def test_a_pointwise_layer_is_plain_python_arithmetic(shift):
    layer, x = random_layer(3, False, shift, inputs=5, outputs=4), random_input(4, 1, 5, 2, 3)
    result = layer(x)
    for o in range(4):
        for h in range(2):
            for w in range(3):
                total = sum(int(layer.weight[o, i]) * int(x[0, i, h, w]) for i in range(5)) + int(
                    layer.bias[o]
                )
                expected = (total * 2 + (1 << shift)) // (2 << shift)  # floor(total / 2^shift + 1/2)
                assert int(result[0, o, h, w]) == max(-MAX_ACTIVATION, min(MAX_ACTIVATION, expected))


@pytest.mark.parametrize("depthwise", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_threads_kernels_and_batches_make_no_difference(depthwise, seed):
    layer, x = random_layer(seed, depthwise, seed * 6, 192, 192), random_input(seed, 8, 192, 17, 23)
    expected = in_int64(layer, x[:2])
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            for onednn in (True, False):
                with torch.backends.mkldnn.flags(enabled=onednn):
                    together = layer(x)
                    np.testing.assert_array_equal(together[:2].numpy(), expected)
                    alone = torch.cat([layer(x[n : n + 1]) for n in range(8)])
                    assert torch.equal(alone, together)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_summation_makes_no_difference(seed):
    layer, x = random_layer(seed, False, 9, 257, 31), random_input(seed, 1, 257, 5, 5)
    order = torch.randperm(257, generator=torch.Generator().manual_seed(seed))
    shuffled = random_layer(seed, False, 9, 257, 31)
    shuffled.weight.copy_(layer.weight[:, order])
    assert torch.equal(shuffled(x[:, order].contiguous()), layer(x))
    split = layer.weight.double()[:, :100] @ x[0, :100].flatten(1) + layer.weight.double()[:, 100:] @ x[
        0, 100:
    ].flatten(1)
    whole = layer.weight.long() @ x[0].long().flatten(1)
    assert torch.equal(split.long(), whole)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("depthwise", [False, True])
def test_the_memory_layout_makes_no_difference(memory_format, depthwise):
    layer, x = random_layer(1, depthwise, 12), random_input(1, 2, 24, 6, 7)
    laid_out = x.contiguous(memory_format=memory_format)
    np.testing.assert_array_equal(layer(laid_out).numpy(), in_int64(layer, x))
    strided = torch.nn.functional.interpolate(x, scale_factor=2)[..., ::2, ::2]
    np.testing.assert_array_equal(layer(strided).numpy(), in_int64(layer, x))


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_compiled_layers_give_the_same_integers():
    layers = nn.Sequential(random_layer(0, False, 18), random_layer(1, True, 14), random_layer(2, False, 20))
    x = random_input(9, 2, 24, 9, 7)
    compiled = torch.compile(lambda values: leaky_relu(layers(values)))
    assert torch.equal(compiled(x), leaky_relu(layers(x)))
    torch.compiler.reset()


def test_a_prepared_layer_gives_the_same_and_stores_nothing_more():
    for depthwise in (False, True):
        layer, x = random_layer(4, depthwise, 15), random_input(5, 2, 24, 6, 5)
        expected, stored = layer(x), set(layer.state_dict())
        layer.prepare()
        assert torch.equal(layer(x), expected)
        assert set(layer.state_dict()) == stored == {"weight", "bias", "shift"}
        moved = layer.to("meta")
        assert moved.scaled_weight.device.type == moved.scaled_bias.device.type == "meta"


def test_a_layer_that_could_pass_2_to_the_53_is_not_exact():
    layer = IntegerConv(4, 2)
    layer.weight.fill_(MAX_WEIGHT)
    assert layer.is_exact()
    for bias in (1 << 53, -(1 << 53), (1 << 63) - 1, -(1 << 63)):
        layer.bias[1] = bias
        assert not layer.is_exact(), bias
    layer.bias.zero_()
    layer.shift.fill_(MAX_SHIFT + 1)
    assert not layer.is_exact()
    layer.shift.fill_(-1)
    assert not layer.is_exact()


def test_the_widest_layer_of_largest_weights_is_exact():
    layer = IntegerConv(4096, 1)
    layer.weight.fill_(MAX_WEIGHT)
    assert layer.is_exact()
    assert (
        float(layer(torch.full((1, 4096, 1, 1), float(MAX_ACTIVATION), dtype=torch.float64)))
        == MAX_ACTIVATION
    )


@pytest.mark.parametrize("depthwise", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_the_float_form_agrees_with_the_integer_form_within_rounding(depthwise, seed):
    generator = torch.Generator().manual_seed(seed)
    layer = FixedConv(32, 32, depthwise=depthwise)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator) * 10.0 ** (seed - 3))
        layer.bias.copy_(torch.randn(32, generator=generator))
    x = torch.randint(-4 * ONE, 4 * ONE, (2, 32, 6, 6), generator=generator)
    exact = to_integers(nn.Sequential(layer))[0]
    assert exact.is_exact()
    difference = layer(x.float() / ONE).double() - exact(x.double()) / ONE
    summands = 9 if depthwise else 32
    weight_error = summands * 4 * 2.0 ** -(int(exact.shift) + 1)
    assert difference.abs().max() <= 0.5 / ONE + weight_error + 2e-3 * 10.0 ** (seed - 3) + 1e-5


def test_both_forms_saturate_at_the_same_value():
    layer = FixedConv(1, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([40.0, -40.0]).view(2, 1, 1, 1))
        layer.bias.zero_()
    expected = torch.tensor([MAX_ACTIVATION, -MAX_ACTIVATION]).double()
    x = torch.full((1, 1, 1, 1), 100.0)
    assert torch.equal(layer(x).double().flatten() * ONE, expected)
    assert torch.equal(layer.to_integers()(x.double() * ONE).flatten(), expected)
    assert torch.equal(
        leaky_relu(layer(x)).double().flatten() * ONE // 1,
        leaky_relu(layer.to_integers()(x.double() * ONE)).flatten(),
    )


@pytest.mark.parametrize("weight", [MAX_WEIGHT, -MAX_WEIGHT, MAX_WEIGHT - 1])
@pytest.mark.parametrize("shift", [0, 7, MAX_SHIFT])
def test_a_layer_that_is_converted_back_becomes_the_same_integers(weight, shift):
    layer = random_layer(5, False, shift)
    layer.weight.clamp_(-5, 5)[0, 0] = weight
    again = FixedConv(24, 24).double()
    with torch.no_grad():
        for name, value in layer.float_state().items():
            getattr(again, name).copy_(value.view_as(getattr(again, name)))
    found = again.to_integers().state_dict()
    for name, tensor in layer.state_dict().items():
        assert torch.equal(found[name], tensor), name


def test_conversion_uses_the_largest_shift_that_16_bits_allow():
    for largest, shift in ((1.0, 14), (0.9, 15), (1e-9, MAX_SHIFT), (3000.0, 3), (40_000.0, 0)):
        layer = FixedConv(2, 2)
        with torch.no_grad():
            layer.weight.fill_(largest)
        exact = layer.to_integers()
        assert int(exact.shift) == shift
        assert int(exact.weight.abs().max()) <= MAX_WEIGHT


def test_leaky_relu_divides_by_eight_and_rounds_down_on_integers():
    x = torch.tensor([-9.0, -8.0, -1.0, 0.0, 7.0, 40_000.0, -400_000.0], dtype=torch.float64)
    assert leaky_relu(x).tolist() == [-2.0, -1.0, -1.0, 0.0, 7.0, MAX_ACTIVATION, -MAX_ACTIVATION]


@pytest.mark.parametrize("exact", [False, True])
def test_a_residual_step_is_leaky_relu_sum_and_saturation(exact):
    rng = np.random.default_rng(2)
    x, change = (torch.from_numpy(rng.integers(-40_000, 40_000, (2, 3, 9, 9))).double() for _ in range(2))
    if not exact:
        x, change = x.float() / ONE, change.float() / ONE
    x, before = saturate(x), saturate(x).clone()
    expected = saturate(x + leaky_relu(change))
    assert torch.equal(add_leaky(x, change), expected)
    assert torch.equal(x, before)


def test_saturation_keeps_sixteen_bits():
    x = torch.tensor([-1e9, -MAX_ACTIVATION, 5, MAX_ACTIVATION, 1e9], dtype=torch.float64)
    assert saturate(x).tolist() == [-MAX_ACTIVATION, -MAX_ACTIVATION, 5, MAX_ACTIVATION, MAX_ACTIVATION]
    assert saturate(x.float()).max() == MAX_ACTIVATION / (1 << FRACTION_BITS)


def test_every_layer_of_a_module_is_converted():
    module = nn.ModuleDict(
        {"a": FixedConv(2, 2), "b": nn.Sequential(nn.ReLU(), FixedConv(2, 2, depthwise=True))}
    )
    to_integers(module)
    kinds = [type(layer) for layer in module.modules()]
    assert kinds.count(IntegerConv) == 2
    assert FixedConv not in kinds


def test_a_depthwise_layer_that_changes_its_channels_is_refused():
    with pytest.raises(ValueError, match="keeps its channels"):
        FixedConv(3, 4, depthwise=True)
