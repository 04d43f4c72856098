"""Dense k x k convolutions that train in floating point and run in exact integers, in the units of `fixed_point`.

Two kinds: one that keeps the size, and a transposed one that doubles it. The integer forms are sums of matrix
products, one for each tap of the kernel.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cotam.ops.fixed_point import FixedConv, IntegerConv, saturate


class DenseConv(FixedConv):
    """A k x k convolution with zero padding that keeps the size, in its float form.

    The weight is (outputs, inputs, k, k) and the bias (outputs,).

    Args:
        inputs: input channels.
        outputs: output channels.
        kernel: k, odd.
        checkerboard: use only the taps whose row and column offsets sum to an odd number; the others count as 0.
    """

    mask: Tensor

    def __init__(self, inputs: int, outputs: int, kernel: int, *, checkerboard: bool = False) -> None:
        super().__init__(inputs, outputs)
        self.taps = taps_of(kernel, checkerboard)
        conv = nn.Conv2d(inputs, outputs, kernel)
        self.weight, self.bias = conv.weight, conv.bias
        self.register_buffer("mask", _mask(kernel, self.taps), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve float activations (N, C, H, W); the result saturates where the integer form's would."""
        return self._bounded(F.conv2d(x, self.weight * self.mask, self.bias, padding=len(self.mask) // 2))

    def _bounded(self, x: Tensor) -> Tensor:
        return saturate(x) if self.saturating else x

    def to_integers(self) -> IntegerConv:
        """Return the integer form of this layer."""
        with torch.no_grad():
            self.weight.mul_(self.mask)
        return super().to_integers()

    def _empty_integers(self) -> IntegerConv:
        outputs, inputs = self.weight.shape[:2]
        return IntegerDenseConv(inputs, outputs, len(self.mask), self.taps)


class DoublingConv(DenseConv):
    """A transposed k x k convolution of stride 2 in its float form: (N, C, H, W) to twice the size.

    Output (2i + a - k // 2, 2j + b - k // 2) takes in input (i, j) through tap (a, b). The weight is (outputs,
    inputs, k, k), unlike that of torch's transposed convolution.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Convolve float activations; the result saturates where the integer form's would."""
        margin = len(self.mask) // 2
        x = F.conv_transpose2d(
            x, self.weight.transpose(0, 1), self.bias, stride=2, padding=margin, output_padding=1
        )
        return self._bounded(x)

    def _empty_integers(self) -> IntegerConv:
        outputs, inputs = self.weight.shape[:2]
        return IntegerDoublingConv(inputs, outputs, len(self.mask), self.taps)


class IntegerDenseConv(IntegerConv):
    """The integer form of `DenseConv`; ``weight`` is int16 (outputs, inputs · k · k), the rest as in `IntegerConv`."""

    def __init__(self, inputs: int, outputs: int, kernel: int, taps: list[tuple[int, int]]) -> None:
        super().__init__(inputs * kernel**2, outputs)
        self.kernel, self.taps = kernel, taps

    def _scaled(self) -> tuple[Tensor, Tensor]:
        """See there; the weights as one matrix (outputs, inputs) a tap, the biases ready to be added to maps."""
        weight, bias = super()._scaled()
        by_tap = weight.view(len(weight), -1, self.kernel, self.kernel).permute(2, 3, 0, 1).contiguous()
        return by_tap, bias.view(-1, 1, 1)

    def _sums(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        padded = F.pad(x, (self.kernel // 2,) * 4)
        total = bias.repeat(len(x), 1, h, w)
        for a, b in self.taps:
            total.add_(_mixed(weight[a, b], padded[..., a : a + h, b : b + w]))
        return total


class IntegerDoublingConv(IntegerDenseConv):
    """The integer form of `DoublingConv`."""

    def _sums(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        margin = self.kernel // 2
        total = bias.repeat(len(x), 1, 2 * h + self.kernel - 1, 2 * w + self.kernel - 1)
        for a, b in self.taps:
            total[..., a : a + 2 * h : 2, b : b + 2 * w : 2].add_(_mixed(weight[a, b], x))
        return total[..., margin : margin + 2 * h, margin : margin + 2 * w].contiguous()


def _mixed(weight: Tensor, x: Tensor) -> Tensor:
    """Mix channels by a matrix (outputs, inputs)."""
    n, _, h, w = x.shape
    return torch.matmul(weight, x.reshape(n, -1, h * w)).view(n, -1, h, w)


def taps_of(kernel: int, checkerboard: bool) -> list[tuple[int, int]]:
    """Rows and columns of the taps in use."""
    taps = [(a, b) for a in range(kernel) for b in range(kernel)]
    return [(a, b) for a, b in taps if (a + b) % 2] if checkerboard else taps


def _mask(kernel: int, taps: list[tuple[int, int]]) -> Tensor:
    mask = torch.zeros(kernel, kernel)
    for tap in taps:
        mask[tap] = 1
    return mask
