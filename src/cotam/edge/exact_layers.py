"""The exact layers of `cotam.ops.fixed_point` as ONNX nodes, in float64.

Activations are integer-valued float64 in units of 2^-8, as matrices (channels, cells). Weights and biases are divided
by the layer's power of two beforehand, which moves the binary point and no digit; every partial sum is a multiple of
2^-shift below 2^53 · 2^-shift, so that sums are exact in any order, with or without fused multiply-add.

ONNX Runtime has no convolution in float64, so depthwise layers use one in float32, three times: weights are split into
three signed digits of 6 bits. A product of a digit and a 16-bit activation, summed over nine cells, stays below 2^24,
where float32 is exact as well; a power of two in front changes nothing of that. The three sums are put together in
float64.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cotam.edge.graph import Graph
from cotam.errors import ModelError
from cotam.ops.integers import LEAK_BITS, MAX_ACTIVATION, MAX_EXACT, MAX_SHIFT, MAX_WEIGHT

DIGIT: Final = 64
"""Base of the signed digits of depthwise weights; a digit is -32..31, the highest -8..8."""
TAPS: Final = 9


@dataclass(frozen=True, eq=False)
class IntegerLayer:
    """A layer as a model file stores it."""

    weight: NDArray[np.int64]
    """(outputs, inputs), or (channels, 9) of a depthwise layer."""
    bias: NDArray[np.int64]
    """(outputs,), in units of 2^-(8 + shift)."""
    shift: int

    @property
    def scaled_weight(self) -> NDArray[np.float64]:
        """Weights over 2^shift."""
        return self.weight / float(1 << self.shift)

    @property
    def scaled_bias(self) -> NDArray[np.float64]:
        """Biases over 2^shift, with the half that makes rounding down rounding to nearest."""
        return (self.bias + ((1 << self.shift) >> 1)) / float(1 << self.shift)


def take_layer(tensors: Mapping[str, NDArray[Any]], name: str) -> IntegerLayer:
    """Take a layer out of a model's arrays.

    Raises:
        ModelError: its sums could leave what float64 holds exactly, or its weights what three digits hold.
    """
    weight, bias, shift = (tensors[f"{name}.{part}"] for part in ("weight", "bias", "shift"))
    layer = IntegerLayer(weight.astype(np.int64), bias.astype(np.int64), int(shift))
    bounded, bias = (np.abs(part.clip(-MAX_EXACT, MAX_EXACT)) for part in (layer.weight, layer.bias))
    small = bounded.max() <= MAX_WEIGHT + 1  # 16 bits hold one more below zero
    most = bounded.sum(1) * MAX_ACTIVATION + bias + (1 << MAX_SHIFT)
    if not (small and 0 <= layer.shift <= MAX_SHIFT and (most < MAX_EXACT).all()):
        raise ModelError(f"integer weights of {name} could overflow")
    return layer


class ExactLayers:
    """Adds exact layers to a graph.

    Args:
        graph: the graph.
        tensors: the model's arrays.
    """

    def __init__(self, graph: Graph, tensors: Mapping[str, NDArray[Any]]) -> None:
        self.graph, self.tensors = graph, tensors

    def pointwise(self, name: str, x: str, *, rows: slice = slice(None)) -> str:
        """A pointwise layer before rounding: (inputs, cells) to (outputs, cells); ``rows`` of the outputs only."""
        layer = take_layer(self.tensors, name)
        return self.graph.node(
            "Gemm",
            self.graph.constant(layer.scaled_weight[rows], np.float64),
            x,
            self.graph.constant(layer.scaled_bias[rows, None], np.float64),
        )

    def depthwise(self, name: str, x: str, image: str) -> str:
        """A depthwise layer, rounded and saturated; ``image`` is the shape (1, channels, rows, columns) of ``x``."""
        layer, graph = take_layer(self.tensors, name), self.graph
        channels = len(layer.weight)
        cells = graph.cast(graph.node("Reshape", x, image), np.float32)
        total = graph.constant(layer.scaled_bias[:, None], np.float64)
        for place, digits in enumerate(signed_digits(layer.weight)):
            worth = float(DIGIT**place) / (1 << layer.shift)
            kernel = graph.constant(digits.reshape(channels, 1, 3, 3) * worth, np.float32)
            sums = graph.node("Conv", cells, kernel, group=channels, pads=[1, 1, 1, 1])
            flat = graph.cast(graph.node("Reshape", sums, graph.integers(channels, -1)), np.float64)
            total = graph.node("Add", flat, total)
        return self.rounded(total)

    def saturated(self, x: str) -> str:
        """Keep to 16 bits."""
        return self.graph.node(
            "Clip",
            x,
            self.graph.constant(-MAX_ACTIVATION, np.float64),
            self.graph.constant(MAX_ACTIVATION, np.float64),
        )

    def rounded(self, x: str) -> str:
        """Round down and keep to 16 bits."""
        return self.saturated(self.graph.node("Floor", x))

    def leaky(self, x: str) -> str:
        """max(x, x / 8), rounded down, of saturated numbers.

        They need not be rounded before, since floor(floor(x) / 8) = floor(x / 8).
        """
        eighth = self.graph.node("Mul", x, self.graph.constant(2.0**-LEAK_BITS, np.float64))
        return self.graph.node("Floor", self.graph.node("Max", x, eighth))

    def add_leaky(self, x: str, change: str) -> str:
        """A residual step: x + leaky(change), kept to 16 bits; ``change`` is neither rounded nor saturated yet."""
        return self.saturated(self.graph.node("Add", x, self.leaky(self.saturated(change))))


def signed_digits(weight: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Split 16-bit integers into three signed digits of base 64, the lowest first."""
    low = (weight + DIGIT // 2) % DIGIT - DIGIT // 2
    rest = (weight - low) // DIGIT
    middle = (rest + DIGIT // 2) % DIGIT - DIGIT // 2
    return [low, middle, (rest - middle) // DIGIT]
