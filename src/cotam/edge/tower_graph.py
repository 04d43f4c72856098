"""The first blocks of a CLIP tower as a graph from pixels to importance, as `cotam.guidance.importance` reads it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cotam.edge.graph import Graph
from cotam.errors import ModelError
from cotam.vision.preprocessing import WHITE, Preprocessing

QUICK_GELU: Final = 1.702
ACTIVATIONS: Final = ("gelu", "quick_gelu")
Weights = Callable[[str], NDArray[Any]]
"""Gives a tensor by its name inside the tower."""


@dataclass(frozen=True)
class ClipSizes:
    """Sizes of a CLIP tower."""

    width: int
    heads: int
    depth: int
    patch: int
    activation: str
    epsilon: float
    preprocessing: Preprocessing

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        height, width = self.preprocessing.size
        return height // self.patch, width // self.patch


def importance_graph(sizes: ClipSizes, weights: Weights, layers: Sequence[int], attention: str) -> bytes:
    """Pixels to the mean attention weight of each patch.

    Input ``pixels`` uint8 (N, rows · patch, columns · patch, 3), output ``importance`` float32 (N, rows · columns).

    Args:
        sizes: of the tower.
        weights: its tensors.
        layers: blocks whose attention counts, ascending.
        attention: "class" or "received".

    Raises:
        ModelError: tensors are missing or of another shape.
    """
    graph = Graph("importance")
    blocks = _Blocks(graph, sizes, weights)
    tokens = blocks.embedded()
    maps = []
    for number in range(layers[-1] + 1):
        if number in layers:
            asking = slice(1) if attention == "class" else slice(1, None)
            maps.append(blocks.attention_to_patches(number, tokens, asking))
        if number < layers[-1]:
            tokens = blocks.block(number, tokens)
    mean = graph.node("ReduceMean", graph.node("Concat", *maps, axis=1), axes=[1], keepdims=0)
    graph.output(mean, "importance", np.float32, ["pictures", sizes.grid[0] * sizes.grid[1]])
    return graph.to_model()


class _Blocks:
    """Adds a CLIP's parts to a graph; tokens are float32 (N, T, D), [CLS] first."""

    def __init__(self, graph: Graph, sizes: ClipSizes, weights: Weights) -> None:
        self.graph, self.sizes, self._weights = graph, sizes, weights
        if sizes.activation not in ACTIVATIONS:
            raise ModelError(
                f"a CLIP with activation {sizes.activation!r} is not known to the edge runtimes; known: "
                + ", ".join(ACTIVATIONS)
            )

    def embedded(self) -> str:
        """Patches and [CLS] with their positions, after the first layer norm."""
        graph, width = self.graph, self.sizes.width
        patches = self._patches()
        kernel = self._weight("embeddings.patch_embedding.weight", None).reshape(width, -1).T
        x = graph.node("MatMul", patches, graph.constant(kernel, np.float32))
        pictures = graph.node("Shape", x, end=1)
        first = graph.constant(self._weight("embeddings.class_embedding", (width,))[None, None], np.float32)
        first = graph.node("Expand", first, graph.node("Concat", pictures, graph.integers(1, width), axis=0))
        rows, columns = self.sizes.grid
        positions = self._weight("embeddings.position_embedding.weight", (1 + rows * columns, width))
        x = graph.node("Add", graph.node("Concat", first, x, axis=1), graph.constant(positions, np.float32))
        return self._norm("pre_layrnorm", x)

    def block(self, number: int, x: str) -> str:
        """A whole block."""
        graph, name = self.graph, f"encoder.layers.{number}"
        inside = self._norm(f"{name}.layer_norm1", x)
        attended = graph.node(
            "MatMul",
            self._probabilities(name, inside, inside),
            self._heads(f"{name}.self_attn.v_proj", inside),
        )
        joined = graph.node("Transpose", attended, perm=[0, 2, 1, 3])
        joined = graph.node("Reshape", joined, graph.integers(0, 0, self.sizes.width))
        x = graph.node("Add", x, self._linear(f"{name}.self_attn.out_proj", joined))
        inside = self._activated(self._linear(f"{name}.mlp.fc1", self._norm(f"{name}.layer_norm2", x)))
        return graph.node("Add", x, self._linear(f"{name}.mlp.fc2", inside))

    def attention_to_patches(self, number: int, x: str, asking: slice) -> str:
        """Mean weight that tokens in ``asking`` give each patch, over them and over heads: (N, 1, patches)."""
        graph, name = self.graph, f"encoder.layers.{number}"
        inside = self._norm(f"{name}.layer_norm1", x)
        weights = self._probabilities(name, self._tokens(inside, asking, axis=1), inside)
        mean = graph.node("ReduceMean", weights, axes=[1, 2], keepdims=0)
        patches = self._tokens(mean, slice(1, None), axis=1)
        return graph.node("Unsqueeze", patches, graph.integers(1))

    def _probabilities(self, name: str, asking: str, asked: str) -> str:
        """Attention weights (N, heads, asking tokens, T)."""
        graph = self.graph
        scale = (self.sizes.width // self.sizes.heads) ** -0.5
        query = self._heads(f"{name}.self_attn.q_proj", asking)
        key = graph.node("Transpose", self._heads(f"{name}.self_attn.k_proj", asked), perm=[0, 1, 3, 2])
        scores = graph.node("Mul", graph.node("MatMul", query, key), graph.constant(scale, np.float32))
        return graph.node("Softmax", scores, axis=-1)

    def _heads(self, name: str, x: str) -> str:
        """A projection split into heads: (N, heads, T, D / heads)."""
        shape = self.graph.integers(0, 0, self.sizes.heads, self.sizes.width // self.sizes.heads)
        return self.graph.node(
            "Transpose", self.graph.node("Reshape", self._linear(name, x), shape), perm=[0, 2, 1, 3]
        )

    def _linear(self, name: str, x: str) -> str:
        weight = self.graph.constant(self._weight(f"{name}.weight", None).T, np.float32)
        bias = self.graph.constant(self._weight(f"{name}.bias", None), np.float32)
        return self.graph.node("Add", self.graph.node("MatMul", x, weight), bias)

    def _norm(self, name: str, x: str) -> str:
        scale, bias = (
            self.graph.constant(self._weight(f"{name}.{part}", (self.sizes.width,)), np.float32)
            for part in ("weight", "bias")
        )
        return self.graph.node("LayerNormalization", x, scale, bias, axis=-1, epsilon=self.sizes.epsilon)

    def _activated(self, x: str) -> str:
        graph = self.graph
        if self.sizes.activation == "quick_gelu":
            slope = graph.constant(QUICK_GELU, np.float32)
            return graph.node("Mul", x, graph.node("Sigmoid", graph.node("Mul", x, slope)))
        share = graph.node("Erf", graph.node("Div", x, graph.constant(2**0.5, np.float32)))
        share = graph.node("Add", share, graph.constant(1, np.float32))
        return graph.node("Mul", graph.node("Mul", x, share), graph.constant(0.5, np.float32))

    def _tokens(self, x: str, chosen: slice, axis: int) -> str:
        start, stop = chosen.start or 0, np.iinfo(np.int64).max if chosen.stop is None else chosen.stop
        graph = self.graph
        return graph.node("Slice", x, graph.integers(start), graph.integers(stop), graph.integers(axis))

    def _patches(self) -> str:
        """Normalised samples, (N, patches, 3 · patch²), ordered by colour, row and column."""
        graph, (rows, columns), patch = self.graph, self.sizes.grid, self.sizes.patch
        pixels = graph.input("pixels", np.uint8, ["pictures", rows * patch, columns * patch, 3])
        mean, std = (
            np.array(c) * WHITE for c in (self.sizes.preprocessing.mean, self.sizes.preprocessing.std)
        )
        x = graph.node("Sub", graph.cast(pixels, np.float32), graph.constant(mean, np.float32))
        x = graph.node("Mul", x, graph.constant(1 / std, np.float32))
        x = graph.node("Reshape", x, graph.integers(-1, rows, patch, columns, patch, 3))
        x = graph.node("Transpose", x, perm=[0, 1, 3, 5, 2, 4])
        return graph.node("Reshape", x, graph.integers(0, rows * columns, 3 * patch**2))

    def _weight(self, name: str, shape: tuple[int, ...] | None) -> NDArray[np.float32]:
        found = self._weights(name).astype(np.float32)
        if shape is not None and found.shape != shape:
            raise ModelError(f"{name} has the shape {found.shape}; {shape} is needed")
        return found
