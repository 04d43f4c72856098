"""Latents to entropy-coded bytes and back, exactly.

Whatever decides how a symbol is read is an integer: hyper-latents, the networks on top of them (integer form),
means in units of 2^-8, table indexes, quality steps. Several frames of one size go through the networks together;
that changes nothing, since sums of integers do not depend on how they are grouped.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from cotam.codec.quantisation import Quantiser
from cotam.entropy_coding import MAX_SYMBOL, FrameReader, FrameWriter, TableSet
from cotam.entropy_models.gaussian import TABLES
from cotam.entropy_models.hyperprior import HYPER_STRIDE
from cotam.entropy_models.passes import PassBlock
from cotam.models.base_codec import BaseCodec
from cotam.ops.fixed_point import ONE
from cotam.ops.quality import quality_hats

MAX_HYPER = 127
"""Largest hyper-latent: the integer networks take activations of up to 128."""


class LatentCoder:
    """Codes latents with a model's exact entropy networks.

    Args:
        network: the model, in integer form.
        tables: its frequency tables.
        quantise: chooses the encoder's symbols; by default a `Quantiser` of the tables.
    """

    def __init__(self, network: BaseCodec, tables: TableSet, quantise: Quantiser | None = None) -> None:
        self.network, self.tables = network, tables
        self.quantise = quantise or Quantiser(tables)

    def encode(self, y: Tensor, steps: Tensor, base_steps: Tensor, sink: "PartSink") -> Tensor:
        """Quantise latents and hand their parts to a sink in coding order.

        Args:
            y: latents of the analysis, float32 (N, M, h, w).
            steps: quality step of each cell, int64 (N, h, w).
            base_steps: quality step of each picture, int64 (N,).
            sink: takes the parts.

        Returns:
            The quantised latents in units of 2^-8, integer-valued float64 (N, M, h, w).
        """
        hats = quality_hats(steps, self.network.config.nodes)
        y = y * self.network.gains(hats)[0]
        z = self.network.hyper_analysis(y, hats)
        z = torch.floor(z.double() + 0.5).clamp(-MAX_HYPER, MAX_HYPER)
        _hand_over(sink, [z], [self._hyper_indexes(z.shape, base_steps)])

        y = y.double()

        def code(blocks: list[PassBlock]) -> list[Tensor]:
            chosen = [_table_indexes(block.indexes) for block in blocks]
            symbols = [
                self.quantise(y[block.where] - block.means / ONE, indexes).clamp_(-MAX_SYMBOL, MAX_SYMBOL)
                for block, indexes in zip(blocks, chosen, strict=True)
            ]
            _hand_over(sink, symbols, chosen)
            return [values.mul(ONE).add_(block.means) for values, block in zip(symbols, blocks, strict=True)]

        return self.network.context.run(self._prior(z, hats), y, code)

    def decode(self, readers: Sequence[FrameReader], steps: Tensor, base_steps: Tensor) -> Tensor:
        """Read the latents of frames of one size.

        Args:
            readers: one a picture, past their level maps.
            steps: quality step of each cell, int64 (N, h, w).
            base_steps: quality step of each picture, int64 (N,).

        Returns:
            The quantised latents in units of 2^-8, integer-valued float64 (N, M, h, w).

        Raises:
            BitstreamError: the bytes are damaged.
        """
        config = self.network.config
        count, rows, columns = steps.shape
        hats = quality_hats(steps, config.nodes)
        like = torch.empty((count, config.latents, rows, columns), dtype=torch.float64, device=steps.device)
        shape = (count, config.hyper, -(-rows // HYPER_STRIDE), -(-columns // HYPER_STRIDE))
        z = self._read(readers, self._hyper_indexes(shape, base_steps)).clamp_(-MAX_HYPER, MAX_HYPER)

        def code(blocks: list[PassBlock]) -> list[Tensor]:
            chosen = [_table_indexes(block.indexes).flatten(1) for block in blocks]
            symbols = self._read(readers, torch.cat(chosen, 1))
            parts = torch.split(symbols, [indexes.shape[1] for indexes in chosen], 1)
            return [
                part.view(block.means.shape).mul(ONE).add_(block.means)
                for part, block in zip(parts, blocks, strict=True)
            ]

        return self.network.context.run(self._prior(z, hats), like, code)

    def _prior(self, z: Tensor, hats: Tensor) -> Tensor:
        features = self.network.hyper_synthesis(z * ONE)[..., : hats.shape[-2], : hats.shape[-1]]
        return self.network.context.prior_features(features, hats.double())

    def _hyper_indexes(self, shape: Sequence[int], base_steps: Tensor) -> Tensor:
        base_hats = quality_hats(base_steps.view(-1, 1, 1), self.network.config.nodes)
        return self.network.hyper_indexes(base_hats).expand(shape).to(torch.uint8)

    def _read(self, readers: Sequence[FrameReader], indexes: Tensor) -> Tensor:
        """Read one part of every frame; indexes (N, ...), symbols float64 of the same shape."""
        host = indexes.cpu().numpy()
        parts = [reader.read(index, self.tables) for reader, index in zip(readers, host, strict=True)]
        return torch.from_numpy(np.stack(parts)).to(indexes.device, torch.float64).view(indexes.shape)


class PartSink(Protocol):
    """Takes the parts of the frames being encoded."""

    def add(self, symbols: np.ndarray, indexes: np.ndarray) -> None:
        """Take one part of every frame: symbols int32 (N, n), table indexes uint8 (N, n)."""


class FrameSink:
    """Writes parts into frames, and adds up what they would cost an ideal coder.

    Args:
        tables: the model's tables.
        writers: one a frame.
    """

    def __init__(self, tables: TableSet, writers: Sequence[FrameWriter]) -> None:
        self.tables, self.writers = tables, writers
        self.ideal_bits = [0.0] * len(writers)

    def add(self, symbols: np.ndarray, indexes: np.ndarray) -> None:
        """Add one part to every frame."""
        for n, writer in enumerate(self.writers):
            self.ideal_bits[n] += self.tables.ideal_bits(symbols[n], indexes[n])
            writer.add(symbols[n], indexes[n], self.tables)


def _hand_over(sink: PartSink, symbols: list[Tensor], indexes: list[Tensor]) -> None:
    """Give a part, made of blocks one after another, to a sink."""
    flat = torch.cat([block.flatten(1) for block in symbols], 1).to(torch.int32)
    chosen = torch.cat([block.flatten(1) for block in indexes], 1)
    sink.add(flat.cpu().numpy(), chosen.cpu().numpy())


def _table_indexes(indexes: Tensor) -> Tensor:
    """Table index of each latent from the network's output in units of 2^-8: rounded half up, kept in the tables."""
    return (indexes + ONE // 2).div_(ONE).floor_().clamp_(0, TABLES - 1).to(torch.uint8)
