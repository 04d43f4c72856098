"""Analysis and synthesis transforms of ELIC: strided 5 x 5 convolutions, residual bottleneck blocks and attention.

He et al., CVPR 2022, section 3.4; the attention module is the simplified one of Cheng et al., CVPR 2020. Submodules
have the names that public checkpoints give them, so that a checkpoint is read by renaming its four parts.
"""

import torch
from torch import Tensor, nn

CENTRE = 0.5
"""Pictures come in -0.5..0.5; these networks work on samples in 0..1."""


class BottleneckBlock(nn.Module):
    """x + 1x1 · relu · 3x3 · relu · 1x1 (x), with half the channels inside; (N, C, H, W) to the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels // 2, 1)
        self.conv2 = nn.Conv2d(channels // 2, channels // 2, 3, padding=1)
        self.conv3 = nn.Conv2d(channels // 2, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Add what the bottleneck finds."""
        return x + self.conv3(self.conv2(self.conv1(x).relu_()).relu_())


class ResidualUnit(nn.Module):
    """A bottleneck block with a rectified-linear unit after the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(channels, channels // 2, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels // 2, channels // 2, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels // 2, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Add and rectify."""
        return (self.conv(x) + x).relu_()


class Attention(nn.Module):
    """x + a(x) · sigmoid(b(x)): a branch of features and one that weighs them, position by position."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_a = nn.Sequential(*(ResidualUnit(channels) for _ in range(3)))
        self.conv_b = nn.Sequential(
            *(ResidualUnit(channels) for _ in range(3)), nn.Conv2d(channels, channels, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Weigh and add."""
        return x + self.conv_a(x) * torch.sigmoid(self.conv_b(x))


def _halving(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 5, stride=2, padding=2)


def _doubling(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(inputs, outputs, 5, stride=2, padding=2, output_padding=1)


def _blocks(channels: int) -> list[nn.Module]:
    return [BottleneckBlock(channels) for _ in range(3)]


class ElicAnalysis(nn.Module):
    """g_a: picture (N, 3, 16h, 16w), samples in -0.5..0.5, to latents y (N, M, h, w)."""

    def __init__(self, width: int, latents: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _halving(3, width),
            *_blocks(width),
            _halving(width, width),
            *_blocks(width),
            Attention(width),
            _halving(width, width),
            *_blocks(width),
            _halving(width, latents),
            Attention(latents),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Transform a picture into latents."""
        return self.layers(x + CENTRE)


class ElicSynthesis(nn.Module):
    """g_s: latents (N, M, h, w) to a picture (N, 3, 16h, 16w)."""

    def __init__(self, width: int, latents: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Attention(latents),
            _doubling(latents, width),
            *_blocks(width),
            _doubling(width, width),
            Attention(width),
            *_blocks(width),
            _doubling(width, width),
            *_blocks(width),
            _doubling(width, 3),
        )

    def forward(self, y_hat: Tensor, hats: Tensor) -> Tensor:
        """Transform latents back into a picture; it is the same at all qualities, so the hats are not used."""
        return self.layers(y_hat) - CENTRE
