"""Latents to entropy-coded parts and back, as `cotam.codec.latents` does it, on arrays of one picture."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cotam.checkpoint.reading import ModelArrays
from cotam.codec.symbol_costs import lowering_thresholds
from cotam.edge.networks import Networks
from cotam.edge.quality import quality_hats
from cotam.entropy_coding import MAX_SYMBOL, FrameReader, FrameWriter
from cotam.entropy_models.structure import (
    BITS_PER_SQUARED_STEP,
    HYPER_STRIDE,
    MAX_HYPER,
    PASSES,
    TABLES,
    blocks_of_pass,
)
from cotam.ops.integers import ONE
from cotam.ops.quality_scale import HAT_ONE

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class ArrayCoder:
    """Codes latents with the exact entropy networks.

    Symbols with index 0 are 0 and cost nothing, so they are left out of the parts from the beginning.

    Args:
        model: tables, sizes and the indexes of hyper-latents.
        networks: of the model, for those that are exact.
    """

    def __init__(self, model: ModelArrays, networks: Networks) -> None:
        self.config, self.tables, self.networks = model.config, model.tables, networks
        self._hyper_scales = model.tensors["hyper_scales.index"].astype(np.int64)
        self._thresholds = lowering_thresholds(model.tables, BITS_PER_SQUARED_STEP)

    def encode(
        self, y: NDArray[np.float32], z: NDArray[np.float32], steps: Integers, base: int, writer: FrameWriter
    ) -> Integers:
        """Quantise latents and hand their parts to a writer in coding order.

        Args:
            y: latents times their gains, (M, h, w).
            z: hyper-latents, not rounded, (Z, ⌈h/4⌉, ⌈w/4⌉).
            steps: quality step of each cell, (h, w).
            base: quality step of the picture.
            writer: takes the parts.

        Returns:
            The quantised latents in units of 2^-8, (M, h, w).
        """
        rounded = np.clip(np.floor(z.astype(np.float64) + 0.5), -MAX_HYPER, MAX_HYPER)
        writer.add(rounded.astype(np.int32), self._hyper_indexes(rounded.shape, base), self.tables)
        known = np.zeros((1, *y.shape))
        prior = self._prior(rounded, steps)
        for number in range(PASSES):
            means, indexes = self._parameters(number, prior, known)
            wheres = [where for _, where in blocks_of_pass(number, len(y))]
            latents = np.concatenate([y[None][where].reshape(-1) for where in wheres])
            coded = np.flatnonzero(indexes)
            chosen = indexes[coded]
            symbols = self._quantised(latents[coded] - means[coded] / ONE, chosen)
            writer.add(symbols.astype(np.int32), chosen, self.tables)
            means[coded] += symbols * ONE
            _put(known, number, means)
        return known[0].astype(np.int64)

    def decode(self, reader: FrameReader, steps: Integers, base: int) -> Integers:
        """Read latents, past the level map.

        Args:
            reader: of the frame.
            steps: quality step of each cell, (h, w).
            base: quality step of the picture.

        Returns:
            The quantised latents in units of 2^-8, (M, h, w).

        Raises:
            BitstreamError: the bytes are damaged.
        """
        rows, columns = steps.shape
        shape = (self.config.hyper, -(-rows // HYPER_STRIDE), -(-columns // HYPER_STRIDE))
        z = reader.read(self._hyper_indexes(shape, base), self.tables)
        prior = self._prior(np.clip(z, -MAX_HYPER, MAX_HYPER).astype(np.float64), steps)
        known = np.zeros((1, self.config.latents, rows, columns))
        for number in range(PASSES):
            means, indexes = self._parameters(number, prior, known)
            coded = np.flatnonzero(indexes)
            means[coded] += reader.read(indexes[coded], self.tables) * float(ONE)
            _put(known, number, means)
        return known[0].astype(np.int64)

    def _prior(self, z: Floats, steps: Integers) -> Floats:
        hats = quality_hats(steps, self.config.nodes).astype(np.float64)
        (prior,) = self.networks.exact["prior"](z=z[None] * ONE, hats=hats[None])
        return prior

    def _parameters(self, number: int, prior: Floats, known: Floats) -> list[NDArray[Any]]:
        """Means and table indexes of a pass, in the order of its part."""
        inputs = {"prior": prior, "known": known} if number else {"prior": prior}
        return self.networks.exact[f"pass_{number}"](**inputs)

    def _hyper_indexes(self, shape: tuple[int, ...], base: int) -> NDArray[np.uint8]:
        unit = HAT_ONE * ONE
        total = quality_hats(np.array(base), self.config.nodes) @ self._hyper_scales
        index = np.clip((total + unit // 2) // unit, 1, TABLES - 1).astype(np.uint8)
        return np.broadcast_to(index[:, None, None], shape)

    def _quantised(self, rest: Floats, indexes: NDArray[np.uint8]) -> Floats:
        """Choose symbols as `cotam.codec.quantisation` does, where the index is not 0."""
        magnitude = np.abs(rest)
        symbol = np.floor(magnitude + 0.5)
        last = self._thresholds.shape[1] - 1
        threshold = self._thresholds[indexes, np.minimum(symbol, last).astype(np.intp)]
        lower = (symbol > 0) & (symbol <= last) & (magnitude < symbol - 0.5 + threshold)
        symbol = np.minimum(symbol - lower, MAX_SYMBOL)
        return np.copysign(symbol, rest)


def _put(known: Floats, number: int, values: Floats) -> None:
    """Put the values of a part where they belong."""
    start = 0
    for _, where in blocks_of_pass(number, known.shape[1]):
        block = known[where]
        block[...] = values[start : start + block.size].reshape(block.shape)
        start += block.size
