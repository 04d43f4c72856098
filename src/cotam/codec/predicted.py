"""Latents of predicted frames to entropy-coded bytes and back, given the latents of the frame before.

As for stills (`cotam.codec.latents`), whatever decides how a symbol is read is an integer: the reference is made of
decoded integers, and moved to this frame's gains in integers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cotam.codec.mode_choice import CellPrices, cheaper_base
from cotam.codec.quantisation import Quantiser
from cotam.entropy_coding import MAX_SYMBOL, FrameReader, FrameWriter, TableSet
from cotam.entropy_coding.cell_modes import read_cell_modes, write_cell_modes
from cotam.entropy_models.gaussian import TABLES
from cotam.entropy_models.hyperprior import HYPER_STRIDE
from cotam.entropy_models.quadtree import PassBlock
from cotam.entropy_models.temporal import INTER, INTRA, MODES, SKIP
from cotam.models.cotam_s import CotamS
from cotam.models.temporal import TemporalNetworks
from cotam.ops.fixed_point import ONE
from cotam.ops.quality import quality_hats

MAX_HYPER = 127
"""Largest hyper-latent, as in stills."""

Part = Callable[[list[Tensor], list[Tensor]], None]
"""Takes the blocks of a part: symbols, float64 integers, and their table indexes, uint8."""


@dataclass(frozen=True)
class Reference:
    """A decoded frame, as the next one sees it."""

    values: Tensor
    """Latents in units of 2^-8, integer-valued float64 (N, M, h, w)."""
    steps: Tensor
    """Quality step of each cell, int64 (N, h, w)."""


class PredictedCoder:
    """Codes latents given those of the frame before.

    Args:
        network: the base model, in integer form.
        temporal: the networks of predicted frames, in integer form.
        tables: the base model's frequency tables.
    """

    def __init__(self, network: CotamS, temporal: TemporalNetworks, tables: TableSet) -> None:
        self.network, self.temporal, self.tables = network, temporal, tables
        self.quantise, self.prices = Quantiser(tables), CellPrices(tables)

    def encode(
        self,
        y: Tensor,
        steps: Tensor,
        base_steps: Tensor,
        reference: Reference,
        writers: Sequence[FrameWriter],
    ) -> Tensor:
        """Quantise latents and write them.

        Args:
            y: latents of the analysis, float32 (N, M, h, w).
            steps: quality step of each cell, int64 (N, h, w).
            base_steps: quality step of each picture, int64 (N,).
            reference: the frames before.
            writers: one a frame, past their level maps.

        Returns:
            The quantised latents in units of 2^-8, integer-valued float64 (N, M, h, w).
        """
        hats = quality_hats(steps, self.network.config.nodes)
        y = (y * self.network.gains(hats)[0]).double()
        predicted = self._predicted(reference, hats)
        modes = self._choose(y, predicted, hats, base_steps)
        for writer, grid in zip(writers, modes.to(torch.int8).cpu().numpy(), strict=True):
            write_cell_modes(writer, grid, MODES)

        def write(symbols: list[Tensor], indexes: list[Tensor]) -> None:
            flat = torch.cat([block.flatten(1) for block in symbols], 1).to(torch.int32).cpu().numpy()
            chosen = torch.cat([block.flatten(1) for block in indexes], 1).cpu().numpy()
            for n, writer in enumerate(writers):
                writer.add(flat[n], chosen[n], self.tables)

        return self._encode(y, predicted, modes, hats, base_steps, lambda symbols, indexes, _: write(symbols, indexes))

    def decode(
        self, readers: Sequence[FrameReader], steps: Tensor, base_steps: Tensor, reference: Reference
    ) -> Tensor:
        """Read the latents of frames of one size; arguments and result as in `encode`.

        Raises:
            BitstreamError: the bytes are damaged.
        """
        hats = quality_hats(steps, self.network.config.nodes)
        predicted = self._predicted(reference, hats)
        rows, columns = steps.shape[1:]
        grids = [read_cell_modes(reader, rows, columns, MODES) for reader in readers]
        modes = torch.from_numpy(np.stack(grids)).to(steps)
        z = self._read(readers, [self._hyper_indexes(modes, base_steps)])[0].clamp_(-MAX_HYPER, MAX_HYPER)

        def code(blocks: list[PassBlock]) -> list[Tensor]:
            symbols = self._read(readers, [_table_indexes(block.indexes) for block in blocks])
            return _values(symbols, blocks)

        rest = self.temporal.context.run_from(self._prior(z, hats), predicted, modes, code)
        return rest + _taken_over(predicted, modes)

    def _choose(self, y: Tensor, predicted: Tensor, hats: Tensor, base_steps: Tensor) -> Tensor:
        """Modes of all cells: whether the reference helps, then where it is good enough as it is."""
        modes = torch.where(cheaper_base(y, predicted / ONE), INTER, INTRA)
        bits = torch.zeros(modes.shape, dtype=torch.float64, device=y.device)

        def price(symbols: list[Tensor], indexes: list[Tensor], blocks: list[PassBlock]) -> None:
            for values, chosen, block in zip(symbols, indexes, blocks, strict=False):
                bits[block.where[0], block.where[2], block.where[3]] += self.prices(values, chosen)

        values = self._encode(y, predicted, modes, hats, base_steps, price)
        return torch.where(self.prices.skips(y, values / ONE, predicted / ONE, bits), SKIP, modes)

    def _encode(
        self,
        y: Tensor,
        predicted: Tensor,
        modes: Tensor,
        hats: Tensor,
        base_steps: Tensor,
        take: Callable[[list[Tensor], list[Tensor], list[PassBlock]], None],
    ) -> Tensor:
        """Quantise and hand every part to ``take`` with its blocks, of which the hyper-latents have none."""
        base = _taken_over(predicted, modes)
        rest = (y - base / ONE) * (modes != SKIP)[:, None]
        z = self.network.hyper_analysis(rest.float(), hats)
        z = torch.floor(z.double() + 0.5).clamp(-MAX_HYPER, MAX_HYPER)
        indexes = self._hyper_indexes(modes, base_steps)
        z = z * (indexes > 0)
        take([z], [indexes], [])

        def code(blocks: list[PassBlock]) -> list[Tensor]:
            chosen = [_table_indexes(block.indexes) for block in blocks]
            symbols = [
                self.quantise(rest[block.where] - block.means / ONE, indexes).clamp_(-MAX_SYMBOL, MAX_SYMBOL)
                for block, indexes in zip(blocks, chosen, strict=True)
            ]
            take(symbols, chosen, blocks)
            return _values(symbols, blocks)

        return self.temporal.context.run_from(self._prior(z, hats), predicted, modes, code) + base

    def _predicted(self, reference: Reference, hats: Tensor) -> Tensor:
        old = quality_hats(reference.steps, self.network.config.nodes)
        return self.temporal.scale(reference.values, old, hats)

    def _prior(self, z: Tensor, hats: Tensor) -> Tensor:
        features = self.temporal.hyper_synthesis(z * ONE)[..., : hats.shape[-2], : hats.shape[-1]]
        return self.temporal.context.prior_features(features, hats.double())

    def _hyper_indexes(self, modes: Tensor, base_steps: Tensor) -> Tensor:
        """Table index of each hyper-latent; 0 where none of its cells is coded."""
        base_hats = quality_hats(base_steps.view(-1, 1, 1), self.network.config.nodes)
        return (self.temporal.hyper_scales(base_hats) * coded_hyper_cells(modes)).to(torch.uint8)

    def _read(self, readers: Sequence[FrameReader], indexes: list[Tensor]) -> list[Tensor]:
        """Read one part, made of blocks one after another, of every frame."""
        chosen = torch.cat([block.flatten(1) for block in indexes], 1).cpu().numpy()
        parts = [reader.read(row, self.tables) for reader, row in zip(readers, chosen, strict=True)]
        flat = torch.from_numpy(np.stack(parts)).to(indexes[0].device, torch.float64)
        sizes = [block[0].numel() for block in indexes]
        pieces = torch.split(flat, sizes, 1)
        return [piece.view(block.shape) for piece, block in zip(pieces, indexes, strict=True)]


def coded_hyper_cells(modes: Tensor) -> Tensor:
    """Hyper-latent cells with a cell that is coded: int64 (N, 1, ⌈H/4⌉, ⌈W/4⌉), 1 or 0."""
    coded = (modes != SKIP)[:, None].float()
    return F.max_pool2d(coded, HYPER_STRIDE, ceil_mode=True).to(torch.int64)


def _taken_over(predicted: Tensor, modes: Tensor) -> Tensor:
    return predicted * (modes != INTRA)[:, None]


def _values(symbols: list[Tensor], blocks: list[PassBlock]) -> list[Tensor]:
    return [part * ONE + block.means for part, block in zip(symbols, blocks, strict=True)]


def _table_indexes(indexes: Tensor) -> Tensor:
    return ((indexes + ONE // 2) / ONE).floor().clamp(0, TABLES - 1).to(torch.uint8)
