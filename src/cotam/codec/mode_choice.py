"""How the encoder of a predicted frame chooses the modes of its cells; the decoder only sees the choice."""

import numpy as np
import torch
from torch import Tensor

from cotam.codec.symbol_costs import ESCAPE_BITS
from cotam.entropy_coding import PRECISION, TableSet
from cotam.entropy_models.structure import BITS_PER_SQUARED_STEP

SKIP_WORTH = 0.5 * BITS_PER_SQUARED_STEP
"""Bits that one squared step of distortion is worth against taking a cell over: less than against rounding a symbol,
since what cells cost among neighbours that are taken over is more than the first pass says."""
INTRA_SHARE = 0.9
"""What pictures cost per unit of `effort`, over what differences do: their neighbours tell more of them."""


def prefers_reference(y: Tensor, predicted: Tensor) -> Tensor:
    """Whether the difference to the reference looks cheaper than the cell itself.

    Args:
        y: latents at their gains (N, M, H, W).
        predicted: the reference, likewise.

    Returns:
        bool (N, H, W).
    """
    return effort(y - predicted) <= INTRA_SHARE * effort(y)


def effort(rest: Tensor) -> Tensor:
    """A measure of what latents (N, M, H, W) cost: the sum of log2(1 + d²) over the channels, (N, H, W)."""
    return torch.log2(1 + rest.square()).sum(1)


class CellPrices:
    """What symbols cost by a model's tables, and which cells are not worth it."""

    def __init__(self, tables: TableSet) -> None:
        self.bits = torch.from_numpy(_bits(tables))

    def __call__(self, symbols: Tensor, indexes: Tensor) -> Tensor:
        """Bits of each cell, (N, H, W), of symbols and their table indexes, (N, C, H, W)."""
        if self.bits.device != symbols.device:
            self.bits = self.bits.to(symbols.device)
        magnitude = symbols.abs().clamp(max=self.bits.shape[1] - 1).to(torch.int64)
        return self.bits[indexes.to(torch.int64), magnitude].sum(1)

    @staticmethod
    def skips(y: Tensor, coded: Tensor, predicted: Tensor, bits: Tensor) -> Tensor:
        """Where the reference as it is costs less, in bits and distortion, than the coded cell: bool (N, H, W)."""
        change = (y - predicted).square().sum(1) - (y - coded).square().sum(1)
        return change * SKIP_WORTH <= bits


def _bits(tables: TableSet) -> np.ndarray:
    """Bits of each magnitude, float64 (T, 2 + largest radius), the last for all escapes."""
    bits = np.zeros((len(tables), int(tables.radius.max()) + 2))
    for index in range(1, len(tables)):
        radius = int(tables.radius[index])
        row = PRECISION - np.log2(tables.frequencies(index))
        bits[index, : radius + 1] = row[radius : 2 * radius + 1]
        bits[index, radius + 1 :] = row[-1] + ESCAPE_BITS
    return bits
