"""Graphs of the networks that the entropy decoder depends on: hyper-synthesis with prior, and the four passes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cotam.edge.exact_layers import ExactLayers
from cotam.edge.graph import Graph
from cotam.entropy_models.structure import ORDER, PARITIES, PASSES, TABLES
from cotam.models.cotam_s_config import CotamSConfig
from cotam.ops.integers import ONE

BIGGEST = np.iinfo(np.int64).max
"""The end of a slice that goes to the end."""
Tensors = Mapping[str, NDArray[Any]]


def prior_graph(tensors: Tensors, config: CotamSConfig) -> bytes:
    """Hyper-latents times 256 and quality hats to what all passes share.

    Inputs ``z`` (1, Z, ⌈h/4⌉, ⌈w/4⌉) and ``hats`` (1, K, h, w), output ``prior`` (1, C, h, w), all float64.
    """
    graph = Graph("prior")
    layers = ExactLayers(graph, tensors)
    z = graph.input("z", np.float64, [1, config.hyper, "hyper_rows", "hyper_columns"])
    hats = graph.input("hats", np.float64, [1, config.nodes, "rows", "columns"])
    x = _flat(graph, z, config.hyper)
    image = _image(graph, z, config.hyper_hidden)
    x = layers.leaky(layers.saturated(layers.pointwise("hyper_synthesis.enter", x)))
    x = layers.leaky(layers.depthwise("hyper_synthesis.spread", x, image))
    x = layers.saturated(layers.pointwise("hyper_synthesis.up", x))
    wide = _shuffled(graph, x, z, config.features)
    x = layers.leaky(_flat(graph, wide, config.features))
    x = layers.leaky(layers.depthwise("hyper_synthesis.mix", x, graph.node("Shape", wide)))
    x = layers.saturated(layers.pointwise("hyper_synthesis.leave", x))
    wide = _shuffled(graph, x, wide, config.features)
    cells = graph.node("Shape", hats, start=2)
    features = graph.node("Slice", wide, graph.integers(0, 0), cells, graph.integers(2, 3))
    x = graph.node("Concat", layers.leaky(features), hats, axis=1)
    x = layers.rounded(layers.pointwise("context.prior", _flat(graph, x, config.features + config.nodes)))
    prior = graph.node("Reshape", x, _image(graph, hats, config.context))
    graph.output(prior, "prior", np.float64, [1, config.context, "rows", "columns"])
    return graph.to_model()


def pass_graph(tensors: Tensors, config: CotamSConfig, number: int) -> bytes:
    """One pass of the context model.

    Inputs: ``prior`` (1, C, h, w) and, but for pass 0, ``known`` (1, M, h, w), the latents of earlier passes and 0
    elsewhere, float64. Outputs, in the order of the part: ``means`` float64 (n,) and ``indexes`` uint8 (n,).
    """
    graph = Graph(f"pass_{number}")
    layers = ExactLayers(graph, tensors)
    prior = graph.input("prior", np.float64, [1, config.context, "rows", "columns"])
    image = graph.node("Shape", prior)
    x = _flat(graph, prior, config.context)
    if number:
        known = graph.input("known", np.float64, [1, config.latents, "rows", "columns"])
        seen = layers.saturated(_flat(graph, known, config.latents))
        seen = layers.saturated(layers.pointwise(f"context.known.{number - 1}", seen))  # rounded in the trunk
        x = layers.saturated(graph.node("Add", x, seen))
    x = _trunk(layers, f"context.trunks.{number}", x, image)
    means, indexes = _heads(layers, number, config, graph.node("Reshape", x, image))
    graph.output(means, "means", np.float64, ["symbols"])
    graph.output(indexes, "indexes", np.uint8, ["symbols"])
    return graph.to_model()


def entropy_graphs(tensors: Tensors, config: CotamSConfig) -> dict[str, bytes]:
    """All graphs of this file, by name."""
    passes = {f"pass_{number}": pass_graph(tensors, config, number) for number in range(PASSES)}
    return {"prior": prior_graph(tensors, config), **passes}


def _trunk(layers: ExactLayers, name: str, x: str, image: str) -> str:
    x = layers.leaky(x)
    x = layers.add_leaky(x, layers.pointwise(f"{name}.mix", layers.depthwise(f"{name}.spread", x, image)))
    return layers.add_leaky(x, layers.pointwise(f"{name}.refine", x))


def _heads(layers: ExactLayers, number: int, config: CotamSConfig, x: str) -> tuple[str, str]:
    graph, size = layers.graph, config.latents // PASSES
    means, indexes = [], []
    for parity, (row, column) in enumerate(PARITIES):
        name = f"context.heads.{number}.{ORDER[number] ^ parity}"
        starts, ends, steps = (
            graph.integers(row, column),
            graph.integers(BIGGEST, BIGGEST),
            graph.integers(2, 2),
        )
        part = _flat(graph, graph.node("Slice", x, starts, ends, graph.integers(2, 3), steps), config.context)
        mean = graph.node("Floor", layers.pointwise(name, part, rows=slice(size)))
        means.append(graph.node("Reshape", mean, graph.integers(-1)))
        index = layers.pointwise(name, part, rows=slice(size, None))
        indexes.append(graph.node("Reshape", index, graph.integers(-1)))
    return graph.node("Concat", *means, axis=0), _table_indexes(graph, graph.node("Concat", *indexes, axis=0))


def _table_indexes(graph: Graph, x: str) -> str:
    """Units of 2^-8 rounded half up, kept in the tables."""
    x = graph.node("Add", x, graph.constant(ONE // 2, np.float64))
    x = graph.node("Floor", graph.node("Mul", x, graph.constant(1 / ONE, np.float64)))
    x = graph.node("Clip", x, graph.constant(0, np.float64), graph.constant(TABLES - 1, np.float64))
    return graph.cast(x, np.uint8)


def _flat(graph: Graph, x: str, channels: int) -> str:
    return graph.node("Reshape", x, graph.integers(channels, -1))


def _image(graph: Graph, like: str, channels: int) -> str:
    """The shape (1, channels, rows, columns) with the rows and columns of another value."""
    return graph.node("Concat", graph.integers(1, channels), graph.node("Shape", like, start=2), axis=0)


def _shuffled(graph: Graph, x: str, like: str, channels: int) -> str:
    """Pixel-shuffle (4 · channels, cells), on the grid of ``like``, to (1, channels, 2 · rows, 2 · columns)."""
    return graph.node(
        "DepthToSpace", graph.node("Reshape", x, _image(graph, like, 4 * channels)), blocksize=2, mode="CRD"
    )
