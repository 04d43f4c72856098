"""Graphs of the float networks: analysis, hyper-analysis and synthesis, from and to 8-bit pixels.

Pixel-unshuffle and -shuffle of 8 x 8 pixels are one transposition of bytes. ONNX orders the channels of
SpaceToDepth otherwise than torch's pixel-unshuffle, so the weights that follow one are reordered.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cotam.edge.graph import Graph
from cotam.models.cotam_s_config import PATCH, SLOPE, STRIDE, CotamSConfig
from cotam.ops.quality_scale import HAT_ONE

WHITE: Final = 255.0
MIDDLE: Final = WHITE / 2
"""The sample that the networks see as 0."""
Tensors = Mapping[str, NDArray[Any]]


class FloatLayers:
    """Adds float32 layers to a graph.

    Args:
        graph: the graph.
        tensors: the model's arrays.
        prefix: what their names begin with, such as ``analysis.``.
    """

    def __init__(self, graph: Graph, tensors: Tensors, prefix: str) -> None:
        self.graph, self.tensors, self.prefix = graph, tensors, prefix

    def weight(self, name: str) -> NDArray[np.float32]:
        """A layer's weights."""
        return self.tensors[f"{self.prefix}{name}"].astype(np.float32)

    def conv(self, name: str, x: str, weight: NDArray[np.float32] | None = None) -> str:
        """A pointwise layer, or a depthwise one where its filters are 3 x 3; with other weights if given."""
        kernel = self.weight(f"{name}.weight") if weight is None else weight
        bias = [self.weight(f"{name}.bias")] if f"{self.prefix}{name}.bias" in self.tensors else []
        depthwise = kernel.shape[-1] > 1
        constants = [self.graph.constant(part, np.float32) for part in (kernel, *bias)]
        return self.graph.node(
            "Conv",
            x,
            *constants,
            kernel_shape=kernel.shape[2:],
            group=len(kernel) if depthwise else 1,
            pads=[1] * 4 if depthwise else [0] * 4,
        )

    def leaky(self, x: str) -> str:
        """The transforms' activation."""
        return self.graph.node("LeakyRelu", x, alpha=SLOPE)

    def blocks(self, name: str, x: str, count: int) -> str:
        """``count`` residual blocks."""
        for number in range(count):
            near = self.conv(f"{name}.{number}.spread", x)
            wide = self.leaky(self.conv(f"{name}.{number}.widen", near))
            x = self.graph.node("Add", x, self.conv(f"{name}.{number}.narrow", wide))
        return x


def analysis_graph(tensors: Tensors, config: CotamSConfig) -> bytes:
    """Pixels to latents: ``pixels`` uint8 (16h, 16w, 3) to ``y`` float32 (1, M, h, w)."""
    graph = Graph("analysis")
    layers = FloatLayers(graph, tensors, "analysis.")
    pixels = graph.input("pixels", np.uint8, ["height", "width", 3])
    samples = graph.node(
        "Sub", graph.cast(_unshuffled_pixels(graph, pixels), np.float32), graph.constant(MIDDLE, np.float32)
    )
    cells = _space_to_depth(graph, samples)
    straight = layers.conv("linear", cells, _for_cells(layers.weight("linear.weight")) / np.float32(WHITE))
    x = layers.conv("enter", samples, layers.weight("enter.weight") / np.float32(WHITE))
    x = layers.blocks("eighth", x, config.analysis_blocks[0])
    x = layers.conv("down", _space_to_depth(graph, x), _after_space_to_depth(layers.weight("down.weight")))
    x = layers.blocks("sixteenth", x, config.analysis_blocks[1])
    y = graph.node("Add", straight, layers.conv("leave", x))
    graph.output(y, "y", np.float32, [1, config.latents, "rows", "columns"])
    return graph.to_model()


def hyper_analysis_graph(tensors: Tensors, config: CotamSConfig) -> bytes:
    """Gained latents to hyper-latents, not rounded.

    Inputs ``y`` (1, M, 4h, 4w) and ``hats`` (1, K, 4h, 4w), 256 for 1, both padded by repeating the edge; output ``z``
    (1, Z, h, w); float32.
    """
    graph = Graph("hyper_analysis")
    layers = FloatLayers(graph, tensors, "hyper_analysis.")
    y = graph.input("y", np.float32, [1, config.latents, "rows", "columns"])
    hats = graph.input("hats", np.float32, [1, config.nodes, "rows", "columns"])
    shares = graph.node("Mul", hats, graph.constant(1 / HAT_ONE, np.float32))
    x = graph.node("Concat", graph.node("Asinh", y), shares, axis=1)
    x = layers.conv("spread", layers.leaky(layers.conv("enter", x)))
    x = layers.conv("down", _space_to_depth(graph, x), _after_space_to_depth(layers.weight("down.weight")))
    x = layers.leaky(x)
    x = layers.leaky(graph.node("Add", x, layers.conv("mix", x)))
    z = layers.conv("leave", _space_to_depth(graph, x), _after_space_to_depth(layers.weight("leave.weight")))
    graph.output(z, "z", np.float32, [1, config.hyper, "hyper_rows", "hyper_columns"])
    return graph.to_model()


def synthesis_graph(tensors: Tensors, config: CotamSConfig) -> bytes:
    """Latents to pixels: ``y_hat`` (1, M, h, w), ``hats`` (1, K, h, w), 256 for 1, to ``pixels`` (16h, 16w, 3)."""
    graph = Graph("synthesis")
    layers = FloatLayers(graph, tensors, "synthesis.")
    y_hat = graph.input("y_hat", np.float32, [1, config.latents, "rows", "columns"])
    hats = graph.input("hats", np.float32, [1, config.nodes, "rows", "columns"])
    shares = graph.node("Mul", hats, graph.constant(1 / HAT_ONE, np.float32))
    linear = np.ascontiguousarray(_for_cells(layers.weight("linear.weight").swapaxes(0, 1)).swapaxes(0, 1))
    straight = graph.node("DepthToSpace", layers.conv("linear", y_hat, linear), blocksize=2, mode="DCR")
    x = layers.conv("enter", graph.node("Concat", y_hat, shares, axis=1))
    x = layers.blocks("sixteenth", x, config.synthesis_blocks[0])
    x = graph.node("DepthToSpace", layers.conv("up", x), blocksize=2, mode="CRD")
    x = layers.conv("leave", layers.blocks("eighth", x, config.synthesis_blocks[1]))
    x = graph.node("Mul", graph.node("Add", straight, x), graph.constant(WHITE, np.float32))
    x = graph.node("Round", graph.node("Add", x, graph.constant(MIDDLE, np.float32)))
    x = graph.node("Clip", x, graph.constant(0, np.float32), graph.constant(WHITE, np.float32))
    graph.output(_shuffled_pixels(graph, graph.cast(x, np.uint8)), "pixels", np.uint8, ["height", "width", 3])
    return graph.to_model()


def transform_graphs(tensors: Tensors, config: CotamSConfig) -> dict[str, bytes]:
    """All graphs of this file, by name."""
    return {
        "analysis": analysis_graph(tensors, config),
        "hyper_analysis": hyper_analysis_graph(tensors, config),
        "synthesis": synthesis_graph(tensors, config),
    }


def _unshuffled_pixels(graph: Graph, pixels: str) -> str:
    """(8h, 8w, 3) to (1, 192, h, w), channels ordered by colour, row and column."""
    sides = graph.node("Div", graph.node("Shape", pixels, end=2), graph.integers(PATCH, PATCH))
    rows, columns = (graph.node("Gather", sides, graph.integers(axis), axis=0) for axis in (0, 1))
    patch = graph.integers(PATCH)
    shape = graph.node("Concat", rows, patch, columns, patch, graph.integers(3), axis=0)
    cells = graph.node("Transpose", graph.node("Reshape", pixels, shape), perm=[4, 1, 3, 0, 2])
    return graph.node("Reshape", cells, graph.node("Concat", graph.integers(1, 3 * PATCH**2), sides, axis=0))


def _shuffled_pixels(graph: Graph, cells: str) -> str:
    """(1, 192, h, w) to (8h, 8w, 3)."""
    sides = graph.node("Shape", cells, start=2)
    shape = graph.node("Concat", graph.integers(3, PATCH, PATCH), sides, axis=0)
    pixels = graph.node("Transpose", graph.node("Reshape", cells, shape), perm=[3, 1, 4, 2, 0])
    full = graph.node("Mul", sides, graph.integers(PATCH, PATCH))
    return graph.node("Reshape", pixels, graph.node("Concat", full, graph.integers(3), axis=0))


def _space_to_depth(graph: Graph, x: str) -> str:
    return graph.node("SpaceToDepth", x, blocksize=2)


def _after_space_to_depth(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reorder inputs (outputs, 4C, 1, 1) from torch's order, channel before place, to ONNX's, place before channel."""
    outputs, inputs = weight.shape[:2]
    return weight.reshape(outputs, inputs // 4, 4).swapaxes(1, 2).reshape(outputs, inputs, 1, 1)


def _for_cells(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reorder inputs (n, 768, 1, 1) from 16 x 16 pixels of three colours to 2 x 2 places of 8 x 8 pixels."""
    halves = weight.reshape(-1, 3, STRIDE // PATCH, PATCH, STRIDE // PATCH, PATCH)
    return halves.transpose(0, 2, 4, 1, 3, 5).reshape(weight.shape)
