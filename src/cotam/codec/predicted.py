"""Latents of predicted frames to entropy-coded bytes and back, given the latents of the frame before.

As for stills (`cotam.codec.latents`), whatever decides how a symbol is read is an integer: what is predicted is made of
decoded integers, in integers.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from cotam.codec.mode_choice import CellPrices, effort, prefers_reference
from cotam.codec.motion_search import find_motion
from cotam.codec.prediction import Predictor, Reference
from cotam.codec.quantisation import Quantiser
from cotam.entropy_coding import MAX_SYMBOL, FrameReader, FrameWriter, TableSet
from cotam.entropy_coding.cell_modes import read_cell_modes, write_cell_modes
from cotam.entropy_coding.motion import Vector, read_vectors, write_vectors
from cotam.entropy_models.quadtree import PassBlock
from cotam.entropy_models.structure import MAX_HYPER, TABLES
from cotam.entropy_models.temporal import INTER, INTRA, MODES, SKIP, coded_hyper_cells
from cotam.models.cotam_s import CotamS
from cotam.models.preview import TO_PLAIN
from cotam.models.temporal import TemporalNetworks
from cotam.ops.integers import ONE
from cotam.ops.quality import quality_hats

Take = Callable[[list[Tensor], list[Tensor], list[PassBlock]], None]
"""Takes a part, block by block: symbols, float64 integers; their table indexes, uint8; the blocks themselves, none of
the hyper-latents."""


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
        self.predictor = Predictor(network, temporal)

    def encode(
        self, y: Tensor, steps: Tensor, base_step: int, reference: Reference, writer: FrameWriter
    ) -> tuple[Tensor, Tensor]:
        """Quantise a frame's latents and write them.

        Args:
            y: latents of the analysis, float32 (M, h, w).
            steps: quality step of each cell, int64 (h, w).
            base_step: quality step of the picture.
            reference: the frame before, as decoded.
            writer: of the frame, past its level map.

        Returns:
            The quantised latents in units of 2^-8, integer-valued float64 (M, h, w), and the mode of each cell,
            int64 (h, w).
        """
        hats = quality_hats(steps[None], self.network.config.nodes)
        gained = (y[None] * self.network.gains(hats)[0]).double()
        vectors, choice, predicted = self._motion(gained, hats, reference)
        modes = self._modes(gained, predicted, hats, base_step)
        write_vectors(writer, vectors)
        write_cell_modes(writer, modes[0].cpu().numpy(), MODES)
        if vectors:
            write_cell_modes(writer, choice[0].cpu().numpy(), len(vectors) + 1)

        def write(symbols: list[Tensor], indexes: list[Tensor], _: list[PassBlock]) -> None:
            flat, chosen = (torch.cat([block.flatten() for block in blocks]) for blocks in (symbols, indexes))
            writer.add(flat.to(torch.int32).cpu().numpy(), chosen.cpu().numpy(), self.tables)

        return self._code(gained, predicted, modes, hats, base_step, write)[0], modes[0]

    def decode(self, reader: FrameReader, steps: Tensor, base_step: int, reference: Reference) -> Tensor:
        """Read a frame's latents; arguments as in `encode`, which also tells what they are.

        Raises:
            BitstreamError: the bytes are damaged.
        """
        hats = quality_hats(steps[None], self.network.config.nodes)
        vectors = read_vectors(reader)
        modes = self._read_grid(reader, steps, MODES)
        choice = self._read_grid(reader, steps, len(vectors) + 1) if vectors else torch.zeros_like(modes)
        predicted = self.predictor.predict(reference, hats, vectors, choice)
        z = self._read(reader, [self._hyper_indexes(modes, base_step)])[0].clamp_(-MAX_HYPER, MAX_HYPER)

        def code(blocks: list[PassBlock]) -> list[Tensor]:
            symbols = self._read(reader, [_table_indexes(block.indexes) for block in blocks])
            return _values(symbols, blocks)

        rest = self.temporal.context.run_from(self._prior(z, hats), predicted, modes, code)
        return (rest + _taken_over(predicted, modes))[0]

    def _motion(
        self, gained: Tensor, hats: Tensor, reference: Reference
    ) -> tuple[list[Vector], Tensor, Tensor]:
        """Vectors, the number of each cell's vector, and what they predict."""
        before = self.predictor.pixels(reference)
        values = torch.floor(gained * ONE + 0.5)
        now = self.predictor.preview.pixels(self.temporal.scale.plain(values, hats, TO_PLAIN))
        predicted = self.predictor.still(reference, hats)
        least, vectors = effort(gained - predicted / ONE), list[Vector]()
        choice = torch.zeros_like(least, dtype=torch.int64)
        for vector in find_motion(before, now):
            candidate = self.predictor.moving(before, vector, hats)
            cost = effort(gained - candidate / ONE)
            better = cost < least
            if better.any():
                vectors.append(vector)
                choice[better] = len(vectors)
                least = torch.minimum(least, cost)
                predicted = torch.where(better[:, None], candidate, predicted)
        return vectors, choice, predicted

    def _modes(self, gained: Tensor, predicted: Tensor, hats: Tensor, base_step: int) -> Tensor:
        """Modes of all cells: whether the prediction helps, then where it is good enough as it is."""
        modes = torch.where(prefers_reference(gained, predicted / ONE), INTER, INTRA)
        bits = torch.zeros(modes.shape, dtype=torch.float64, device=gained.device)

        def price(symbols: list[Tensor], indexes: list[Tensor], blocks: list[PassBlock]) -> None:
            for block, values, chosen in zip(blocks, symbols, indexes, strict=False):
                bits[block.where[0], block.where[2], block.where[3]] += self.prices(values, chosen)

        values = self._code(gained, predicted, modes, hats, base_step, price)
        return torch.where(self.prices.skips(gained, values / ONE, predicted / ONE, bits), SKIP, modes)

    def _code(
        self, gained: Tensor, predicted: Tensor, modes: Tensor, hats: Tensor, base_step: int, take: Take
    ) -> Tensor:
        """Quantise; every part goes to ``take``. Returns the quantised latents."""
        base = _taken_over(predicted, modes)
        rest = (gained - base / ONE) * (modes != SKIP)[:, None]
        hyper_indexes = self._hyper_indexes(modes, base_step)
        z = self.network.hyper_analysis(rest.float(), hats)
        z = torch.floor(z.double() + 0.5).clamp(-MAX_HYPER, MAX_HYPER) * (hyper_indexes > 0)
        take([z], [hyper_indexes], [])

        def code(blocks: list[PassBlock]) -> list[Tensor]:
            chosen = [_table_indexes(block.indexes) for block in blocks]
            symbols = [
                self.quantise(rest[block.where] - block.means / ONE, indexes).clamp_(-MAX_SYMBOL, MAX_SYMBOL)
                for block, indexes in zip(blocks, chosen, strict=True)
            ]
            take(symbols, chosen, blocks)
            return _values(symbols, blocks)

        return self.temporal.context.run_from(self._prior(z, hats), predicted, modes, code) + base

    def _prior(self, z: Tensor, hats: Tensor) -> Tensor:
        features = self.temporal.hyper_synthesis(z * ONE)[..., : hats.shape[-2], : hats.shape[-1]]
        return self.temporal.context.prior_features(features, hats.double())

    def _hyper_indexes(self, modes: Tensor, base_step: int) -> Tensor:
        """Table index of each hyper-latent; 0 where none of its cells is coded."""
        base = torch.full((1, 1, 1), base_step, device=modes.device)
        indexes = self.temporal.hyper_scales(quality_hats(base, self.network.config.nodes))
        return (indexes * coded_hyper_cells(modes)).to(torch.uint8)

    def _read(self, reader: FrameReader, indexes: list[Tensor]) -> list[Tensor]:
        """Read one part, made of blocks one after another."""
        chosen = torch.cat([block.flatten() for block in indexes]).cpu().numpy()
        flat = torch.from_numpy(reader.read(chosen, self.tables)).to(indexes[0].device, torch.float64)
        pieces = torch.split(flat, [block.numel() for block in indexes])
        return [piece.view(block.shape) for piece, block in zip(pieces, indexes, strict=True)]

    @staticmethod
    def _read_grid(reader: FrameReader, steps: Tensor, count: int) -> Tensor:
        grid = read_cell_modes(reader, steps.shape[0], steps.shape[1], count)
        return torch.from_numpy(grid)[None].to(steps)


def _taken_over(predicted: Tensor, modes: Tensor) -> Tensor:
    return predicted * (modes != INTRA)[:, None]


def _values(symbols: list[Tensor], blocks: list[PassBlock]) -> list[Tensor]:
    return [part * ONE + block.means for part, block in zip(symbols, blocks, strict=True)]


def _table_indexes(indexes: Tensor) -> Tensor:
    return ((indexes + ONE // 2) / ONE).floor().clamp(0, TABLES - 1).to(torch.uint8)
