"""Analysis and synthesis transforms of ``cotam-s``: depthwise 3 x 3 and pointwise blocks at 1/8 and 1/16 resolution.

Layers on whole cells of pixels come first and pixel-shuffle last, so nothing is ever computed at full resolution.
Beside the blocks runs a linear path from 16 x 16 pixels to the latents of their cell and back. It starts as the lowest
frequencies of a block cosine transform in an orthonormal colour space, and the blocks start as zero: training begins
with a working transform codec instead of noise, which is worth hours at high rates.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cotam.models.cotam_s_config import CELL_SAMPLES, PATCH, SLOPE, STRIDE
from cotam.ops.pointwise import Pointwise

STRIP_POSITIONS = 2048
"""Positions that a block works on together outside training: few enough to stay in a processor's cache."""


LUMA_SHARE = 11 / 16
"""Share of the latents that start as frequencies of luma; the rest is divided between two chroma axes."""


def cosine_basis(latents: int) -> Tensor:
    """Orthonormal start of the linear path, float32 (latents, 768), on pixel-unshuffled 16 x 16 RGB cells.

    Rows are products of a colour axis and one of the lowest two-dimensional DCT-II frequencies.
    """
    n = torch.arange(STRIDE, dtype=torch.float64)
    dct = torch.cos(math.pi / STRIDE * (n[None, :] + 0.5) * n[:, None]) * math.sqrt(2 / STRIDE)
    dct[0] /= math.sqrt(2)
    order = sorted((u * u + v * v, u, v) for u in range(STRIDE) for v in range(STRIDE))
    planes = torch.stack([torch.outer(dct[u], dct[v]).flatten() for _, u, v in order])
    colours = torch.tensor([[1.0, 1, 1], [1, 0, -1], [1, -2, 1]], dtype=torch.float64)
    colours /= colours.norm(dim=1, keepdim=True)
    luma = min(round(latents * LUMA_SHARE), STRIDE**2)
    counts = (luma, (latents - luma + 1) // 2, (latents - luma) // 2)
    rows = [
        torch.kron(colour[None], plane[None])
        for colour, count in zip(colours, counts, strict=True)
        for plane in planes[:count]
    ]
    return torch.cat(rows).float()


def _zero_conv(inputs: int, outputs: int) -> Pointwise:
    """A pointwise layer that starts as zero, bias included."""
    conv = Pointwise(inputs, outputs)
    nn.init.zeros_(conv.weight)
    assert conv.bias is not None
    nn.init.zeros_(conv.bias)
    return conv


class Block(nn.Module):
    """x + W2 · leaky(W1 · depthwise(x)), widening twofold in the middle; (N, C, H, W) to the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.spread = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.widen = Pointwise(channels, 2 * channels)
        self.narrow = Pointwise(2 * channels, channels)
        nn.init.zeros_(self.narrow.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Mix neighbours, then channels."""
        near = self.spread(x)
        if near.requires_grad:
            return x + self._across(near)
        strips = math.ceil(near[:, 0].numel() / STRIP_POSITIONS)
        for strip, straight in zip(near.chunk(strips, 2), x.chunk(strips, 2), strict=True):
            torch.add(self._across(strip), straight, out=strip)
        return near

    def _across(self, x: Tensor) -> Tensor:
        return self.narrow(F.leaky_relu(self.widen(x), SLOPE, inplace=True))


class Analysis(nn.Module):
    """g_a: picture (N, 3, 16h, 16w), samples in -0.5..0.5, to latents y (N, M, h, w)."""

    def __init__(self, wide: int, deep: int, blocks: tuple[int, int], latents: int) -> None:
        super().__init__()
        self.enter = Pointwise(3 * PATCH**2, wide)
        self.eighth = nn.Sequential(*(Block(wide) for _ in range(blocks[0])))
        self.down = Pointwise(4 * wide, deep)
        self.sixteenth = nn.Sequential(*(Block(deep) for _ in range(blocks[1])))
        self.leave = _zero_conv(deep, latents)
        self.linear = Pointwise(CELL_SAMPLES, latents, bias=False)
        with torch.no_grad():
            self.linear.weight.copy_(cosine_basis(latents)[:, :, None, None])

    def forward(self, x: Tensor) -> Tensor:
        """Transform a picture into latents."""
        straight = self.linear.of_cells(x, STRIDE)
        x = self.eighth(self.enter.of_cells(x, PATCH))
        return straight + self.leave(self.sixteenth(self.down.of_cells(x, 2)))


class Synthesis(nn.Module):
    """g_s: latents (N, M, h, w) and quality hats (N, K, h, w) in 0..1 to a picture (N, 3, 16h, 16w)."""

    def __init__(self, wide: int, deep: int, blocks: tuple[int, int], latents: int, nodes: int) -> None:
        super().__init__()
        self.enter = Pointwise(latents + nodes, deep)
        self.sixteenth = nn.Sequential(*(Block(deep) for _ in range(blocks[0])))
        self.up = Pointwise(deep, 4 * wide)
        self.eighth = nn.Sequential(*(Block(wide) for _ in range(blocks[1])))
        self.leave = _zero_conv(wide, 3 * PATCH**2)
        self.linear = Pointwise(latents, CELL_SAMPLES, bias=False)
        with torch.no_grad():
            self.linear.weight.copy_(cosine_basis(latents).T[:, :, None, None])

    def forward(self, y_hat: Tensor, hats: Tensor) -> Tensor:
        """Transform latents back into a picture; the quality tells it how much to smooth."""
        return F.pixel_shuffle(self.patches(y_hat, hats), PATCH)

    def patches(self, y_hat: Tensor, hats: Tensor) -> Tensor:
        """The picture before its last pixel-shuffle, (N, 192, 2h, 2w): samples of an 8 x 8 patch, colour by colour."""
        x = self.sixteenth(self.enter(torch.cat([y_hat, hats], 1)))
        x = self.eighth(F.pixel_shuffle(self.up(x), 2))
        return self.leave(x).add_(self._straight(y_hat))

    def _straight(self, y_hat: Tensor) -> Tensor:
        """The linear path: each latent cell becomes 2 x 2 patches in one transposed convolution."""
        rows = self.linear.weight.view(3, 2, PATCH, 2, PATCH, -1)
        cells = rows.permute(5, 0, 2, 4, 1, 3).reshape(-1, 3 * PATCH**2, 2, 2)
        return F.conv_transpose2d(y_hat, cells, stride=2)
