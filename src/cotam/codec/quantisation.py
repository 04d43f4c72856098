"""Rate–distortion optimised quantisation: rounding that knows what each symbol costs.

An encoder is free to choose symbols; the decoder only sees the choice. Plain rounding minimises distortion. Here the
next smaller magnitude is taken instead where it saves more bits than its distortion is worth (`symbol_costs`).
"""

import torch
from torch import Tensor

from cotam.codec.symbol_costs import lowering_thresholds
from cotam.entropy_coding import TableSet
from cotam.entropy_models.structure import BITS_PER_SQUARED_STEP


class Quantiser:
    """Chooses symbols for latents, given a model's tables.

    Args:
        tables: the model's tables; only what symbols cost by them is used.
        worth: bits that one squared step of distortion is worth; infinite means plain rounding.
    """

    def __init__(self, tables: TableSet, worth: float = BITS_PER_SQUARED_STEP) -> None:
        self.thresholds = torch.from_numpy(lowering_thresholds(tables, worth))

    def __call__(self, rest: Tensor, indexes: Tensor) -> Tensor:
        """Quantise ``rest`` = latent - mean, in steps, float64 of any shape, with table indexes of the same shape.

        Returns:
            Integer-valued float64 of the same shape; 0 where the index is 0.
        """
        if self.thresholds.device != rest.device:
            self.thresholds = self.thresholds.to(rest.device)
        symbols = torch.zeros_like(rest, memory_format=torch.contiguous_format)
        magnitudes = rest.abs()
        where = (
            ((magnitudes >= 0.5) & (indexes > 0)).flatten().nonzero()[:, 0]
        )  # the others are 0: mostly nine in ten
        magnitude, table = magnitudes.flatten()[where], indexes.flatten()[where].to(torch.int64)
        symbol = torch.floor(magnitude + 0.5)
        last = self.thresholds.shape[1] - 1
        threshold = self.thresholds[table, symbol.clamp(max=last).to(torch.int64)]
        symbol -= ((symbol <= last) & (magnitude < symbol - 0.5 + threshold)).to(symbol.dtype)
        symbols.view(-1)[where] = symbol.copysign(rest.flatten()[where])
        return symbols
