"""What a decoder would get of pictures: the real encoder and decoder without the bytes between them."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from cotam.checkpoint import LoadedModel
from cotam.codec.latents import LatentCoder
from cotam.entropy_coding import TableSet
from cotam.ops.integers import ONE
from cotam.ops.quality import quality_hats
from cotam.ops.quality_scale import HAT_ONE


class Coded(NamedTuple):
    """Pictures after coding.

    Args:
        y_hat: decoded latents, float32 (N, M, h, w).
        x_hat: decoded pictures, uint8 (N, H, W, 3), or None.
        bits: ideal cost of each picture's symbols, float64 (N,).
    """

    y_hat: Tensor
    x_hat: Tensor | None
    bits: Tensor


class FrozenCoder:
    """Codes pictures with a frozen codec, exactly: same symbols, same latents as a stream would carry.

    Args:
        model: the codec.
        bf16: run the transforms in bfloat16, which is faster and a little coarser.
    """

    def __init__(self, model: LoadedModel, bf16: bool = False) -> None:
        self.network, self.bf16 = model.network, bf16
        self.latents = LatentCoder(model.network, model.tables)

    @torch.no_grad()
    def __call__(self, pixels: Tensor, steps: Tensor, base: Tensor, picture: bool = True) -> Coded:
        """Code pictures.

        Args:
            pixels: uint8 (N, H, W, 3), H and W multiples of 16.
            steps: quality step of each latent position, int64 (N, H/16, W/16).
            base: quality step of each picture, int64 (N,).
            picture: whether the decoded pictures are wanted.
        """
        device = pixels.device
        self.network.to(device)
        x = pixels.permute(0, 3, 1, 2).float().div_(255).sub_(0.5)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.bf16):
            y = self.network.analysis(x.contiguous(memory_format=torch.channels_last)).float()
        with torch.autocast(device.type, enabled=False):
            counter = BitCounter(self.latents.tables, len(pixels))
            values = self.latents.encode(y, steps, base, counter)
            hats = quality_hats(steps, self.network.config.nodes)
            y_hat = values.float().div_(ONE).mul_(self.network.gains(hats)[1])
        x_hat = self._synthesise(y_hat, hats) if picture else None
        return Coded(y_hat, x_hat, torch.tensor(counter.bits))

    def _synthesise(self, y_hat: Tensor, hats: Tensor) -> Tensor:
        with torch.autocast(y_hat.device.type, torch.bfloat16, enabled=self.bf16):
            x_hat = self.network.synthesis(
                y_hat.contiguous(memory_format=torch.channels_last), hats / HAT_ONE
            )
        return to_pixels(x_hat)


class BitCounter:
    """Adds up what symbols cost an ideal coder; a sink of `LatentCoder.encode`.

    Args:
        tables: the codec's tables.
        pictures: how many are coded together.
    """

    def __init__(self, tables: TableSet, pictures: int) -> None:
        self.tables, self.bits = tables, [0.0] * pictures

    def add(self, symbols: np.ndarray, indexes: np.ndarray) -> None:
        """Take one part of every picture."""
        for n in range(len(self.bits)):
            self.bits[n] += self.tables.ideal_bits(symbols[n], indexes[n])


def to_pixels(x_hat: Tensor) -> Tensor:
    """Float pictures (N, 3, H, W) of -0.5..0.5 to uint8 (N, H, W, 3), rounded and clipped as the decoder does."""
    pixels = x_hat.float().add(0.5).mul_(255).round_().clamp_(0, 255)
    return pixels.to(torch.uint8).permute(0, 2, 3, 1).contiguous()
