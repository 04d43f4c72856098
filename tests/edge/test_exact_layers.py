"""The exact layers as graphs give the integers of arithmetic in int64, to the ends of every range."""

import numpy as np
import pytest

from cotam.edge.exact_layers import ExactLayers, signed_digits, take_layer
from cotam.edge.graph import Graph
from cotam.edge.onnx_runtime import OnnxProgram
from cotam.errors import ModelError

MOST = 32767
ROWS, COLUMNS = 5, 7


def layer_of(rng, outputs, inputs, shift, *, extreme=False):
    pick = (lambda *shape: rng.choice([-MOST, MOST], shape)) if extreme else None
    draw = pick or (lambda *shape: rng.integers(-MOST, MOST + 1, shape))
    bias = rng.integers(-(2**40), 2**40, outputs)
    return {
        "layer.weight": draw(outputs, inputs).astype(np.int16),
        "layer.bias": bias,
        "layer.shift": np.array(shift),
    }


def activations(rng, channels, *, extreme=False):
    shape = (channels, ROWS * COLUMNS)
    return rng.choice([-MOST, MOST], shape) if extreme else rng.integers(-MOST, MOST + 1, shape)


def rounded(total, shift):
    return (total + ((1 << shift) >> 1)) >> shift


def run(build, x, threads=1):
    graph = Graph("test")
    name = graph.input("x", np.float64, ["channels", "cells"])
    graph.output(build(graph, name), "y", np.float64, ["outputs", "cells"])
    (y,) = OnnxProgram(graph.to_model(), threads)(x=x.astype(np.float64))
    return y


@pytest.mark.parametrize("extreme", [False, True])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shift", [0, 1, 14, 20])
def test_a_pointwise_layer_gives_the_integers_of_int64(shift, threads, extreme):
    rng = np.random.default_rng(shift)
    tensors, x = layer_of(rng, 24, 256, shift, extreme=extreme), activations(rng, 256, extreme=extreme)
    y = run(lambda g, v: g.node("Floor", ExactLayers(g, tensors).pointwise("layer", v)), x, threads)
    total = tensors["layer.weight"].astype(np.int64) @ x + tensors["layer.bias"][:, None]
    assert np.array_equal(y, rounded(total, shift))


@pytest.mark.parametrize("extreme", [False, True])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shift", [0, 1, 14, 20])
@pytest.mark.parametrize("channels", [3, 192])
def test_a_depthwise_layer_gives_the_integers_of_int64(channels, shift, threads, extreme):
    rng = np.random.default_rng(shift + channels)
    tensors, x = (
        layer_of(rng, channels, 9, shift, extreme=extreme),
        activations(rng, channels, extreme=extreme),
    )

    def build(graph, value):
        image = graph.integers(1, channels, ROWS, COLUMNS)
        return ExactLayers(graph, tensors).depthwise("layer", value, image)

    padded = np.pad(x.reshape(channels, ROWS, COLUMNS), ((0, 0), (1, 1), (1, 1)))
    taps = [padded[:, r : r + ROWS, c : c + COLUMNS] for r in range(3) for c in range(3)]
    weight = tensors["layer.weight"].astype(np.int64)
    total = sum(weight[:, tap, None, None] * values for tap, values in enumerate(taps))
    total = total.reshape(channels, -1) + tensors["layer.bias"][:, None]
    assert np.array_equal(run(build, x, threads), np.clip(rounded(total, shift), -MOST, MOST))


def test_a_residual_step_rounds_and_saturates_as_the_format_says():
    rng = np.random.default_rng(0)
    x = rng.integers(-MOST, MOST + 1, (4, 100))
    change = rng.integers(-(2**30), 2**30, (4, 100)) / 2**12
    change[0] = np.arange(-50, 50) / 4

    def build(graph, value):
        return ExactLayers(graph, {}).add_leaky(value, graph.constant(change, np.float64))

    kept = np.clip(np.floor(change), -MOST, MOST)
    leaky = np.maximum(kept, np.floor(kept / 8))
    assert np.array_equal(run(build, x), np.clip(x + leaky, -MOST, MOST))


def test_digits_make_up_every_16_bit_weight_and_keep_to_float32():
    weight = np.arange(-MOST, MOST + 1)
    digits = signed_digits(weight)
    assert np.array_equal(sum(digit * 64**place for place, digit in enumerate(digits)), weight)
    assert 9 * MOST * max(np.abs(digit).max() for digit in digits) < 2**24


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"layer.bias": np.array([2**53])}, "could overflow"),
        ({"layer.bias": np.array([2**63 - 1])}, "could overflow"),
        ({"layer.bias": np.array([-(2**63)])}, "could overflow"),
        ({"layer.shift": np.array(21)}, "could overflow"),
        ({"layer.weight": np.full((1, 2), 40000)}, "could overflow"),
        ({"layer.weight": np.full((1, 2), -(2**63))}, "could overflow"),
    ],
)
def test_a_layer_that_could_not_be_exact_is_refused(changes, problem):
    weight, bias = np.ones((1, 2), np.int16), np.zeros(1, np.int64)
    tensors = {"layer.weight": weight, "layer.bias": bias, "layer.shift": np.array(3)}
    with pytest.raises(ModelError, match=problem):
        take_layer({**tensors, **changes}, "layer")
