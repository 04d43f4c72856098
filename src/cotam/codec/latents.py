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
from cotam.entropy_models.passes import PassBlock
from cotam.entropy_models.structure import HYPER_STRIDE, MAX_HYPER, TABLES
from cotam.models.base_codec import BaseCodec
from cotam.ops.integers import ONE
from cotam.ops.quality import quality_hats


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
        z = self.network.hyper_symbols(y, hats)
        z = torch.floor(z.double() + 0.5).clamp(-MAX_HYPER, MAX_HYPER)
        _hand_over(sink, z.flatten(1), self._hyper_indexes(z.shape, base_steps).flatten(1))

        y = y.double().contiguous()

        def code(blocks: list[PassBlock]) -> list[Tensor]:
            rest = _joined([y[block.where] - block.means / ONE for block in blocks])
            indexes = _table_indexes(blocks)
            symbols = self.quantise(rest, indexes).clamp_(-MAX_SYMBOL, MAX_SYMBOL)
            _hand_over(sink, symbols, indexes)
            return _values(symbols, blocks)

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
            return _values(self._read(readers, _table_indexes(blocks)), blocks)

        return self.network.context.run(self._prior(z, hats), like, code)

    def _prior(self, z: Tensor, hats: Tensor) -> Tensor:
        features = self.network.hyper_features(z * ONE)[..., : hats.shape[-2], : hats.shape[-1]]
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
    """Writes parts into frames, and tells what they would cost an ideal coder.

    Args:
        tables: the model's tables.
        writers: one a frame.
    """

    def __init__(self, tables: TableSet, writers: Sequence[FrameWriter]) -> None:
        self.tables, self.writers = tables, writers
        self.parts: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, symbols: np.ndarray, indexes: np.ndarray) -> None:
        """Add one part to every frame."""
        self.parts.append((symbols, indexes))
        for n, writer in enumerate(self.writers):
            writer.add(symbols[n], indexes[n], self.tables)

    def ideal_bits(self, n: int) -> float:
        """Bits of all parts of one frame by the tables; takes a few milliseconds, so only who asks pays."""
        return sum(self.tables.ideal_bits(symbols[n], indexes[n]) for symbols, indexes in self.parts)


def _hand_over(sink: PartSink, symbols: Tensor, indexes: Tensor) -> None:
    """Give a part of every frame, (N, n), to a sink."""
    sink.add(symbols.to(torch.int32).cpu().numpy(), indexes.cpu().numpy())


def _joined(blocks: Sequence[Tensor]) -> Tensor:
    """The blocks of a pass one after another, (N, n): in this order they are coded."""
    return torch.cat([block.flatten(1) for block in blocks], 1)


def _table_indexes(blocks: list[PassBlock]) -> Tensor:
    """Table index of each latent of a pass, uint8 (N, n).

    The networks' output in units of 2^-8 is rounded half up and kept in the tables.
    """
    indexes = _joined([block.indexes for block in blocks])
    return indexes.add_(ONE // 2).div_(ONE).floor_().clamp_(0, TABLES - 1).to(torch.uint8)


def _values(symbols: Tensor, blocks: list[PassBlock]) -> list[Tensor]:
    """Latents of each block in units of 2^-8, from the symbols of a pass (N, n), float64, which are overwritten."""
    parts = torch.split(symbols.mul_(ONE), [block.means[0].numel() for block in blocks], 1)
    return [part.view(block.means.shape).add_(block.means) for part, block in zip(parts, blocks, strict=True)]
