"""Analysis and synthesis transforms of ``cotam-s``: depthwise 3 x 3 and pointwise blocks at 1/8 and 1/16 resolution.

Pixel-unshuffle comes first and pixel-shuffle last, so nothing is ever computed at full resolution.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PATCH = 8
STRIDE = 16
SLOPE = 0.1


class Block(nn.Module):
    """x + W2 · leaky(W1 · depthwise(x)), widening twofold in the middle; (N, C, H, W) to the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.spread = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.widen = nn.Conv2d(channels, 2 * channels, 1)
        self.narrow = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Mix neighbours, then channels."""
        return x + self.narrow(F.leaky_relu(self.widen(self.spread(x)), SLOPE))


class Analysis(nn.Module):
    """g_a: picture (N, 3, 16h, 16w), samples in -0.5..0.5, to latents y (N, M, h, w)."""

    def __init__(self, wide: int, deep: int, blocks: tuple[int, int], latents: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(3 * PATCH**2, wide, 1)
        self.eighth = nn.Sequential(*(Block(wide) for _ in range(blocks[0])))
        self.down = nn.Conv2d(4 * wide, deep, 1)
        self.sixteenth = nn.Sequential(*(Block(deep) for _ in range(blocks[1])))
        self.leave = nn.Conv2d(deep, latents, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Transform a picture into latents."""
        x = self.eighth(self.enter(F.pixel_unshuffle(x, PATCH)))
        return self.leave(self.sixteenth(self.down(F.pixel_unshuffle(x, 2))))


class Synthesis(nn.Module):
    """g_s: latents (N, M, h, w) and quality hats (N, K, h, w) in 0..1 to a picture (N, 3, 16h, 16w)."""

    def __init__(self, wide: int, deep: int, blocks: tuple[int, int], latents: int, nodes: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(latents + nodes, deep, 1)
        self.sixteenth = nn.Sequential(*(Block(deep) for _ in range(blocks[0])))
        self.up = nn.Conv2d(deep, 4 * wide, 1)
        self.eighth = nn.Sequential(*(Block(wide) for _ in range(blocks[1])))
        self.leave = nn.Conv2d(wide, 3 * PATCH**2, 1)

    def forward(self, y_hat: Tensor, hats: Tensor) -> Tensor:
        """Transform latents back into a picture; the quality tells it how much to smooth."""
        x = self.sixteenth(self.enter(torch.cat([y_hat, hats], 1)))
        x = self.eighth(F.pixel_shuffle(self.up(x), 2))
        return F.pixel_shuffle(self.leave(x), PATCH)
