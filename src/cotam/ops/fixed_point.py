"""Layers that train in floating point and run in exact integers.

The entropy decoder must compute the very same table indexes as the encoder, on every machine. So the networks it
depends on are built from the layers of this file. Each has a float form, which trains, and an integer form, to
which `to_integers` converts it once after training:

- activations are integers in units of 2^-8, kept in 16 bits;
- weights are 16-bit integers with one power-of-two scale a layer;
- products are summed in float64 (or int64), where every partial sum is an integer below 2^53 and therefore exact in
  any order, on any device, with or without fused multiply-add;
- results are rescaled by a power of two, rounding half up: floor((a + 2^(k-1)) / 2^k).

The float form has the same saturation, so that training sees it.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cotam.ops.integers import (
    FRACTION_BITS,
    LEAK_BITS,
    MAX_ACTIVATION,
    MAX_EXACT,
    MAX_SHIFT,
    MAX_WEIGHT,
    ONE,
)

CENTRE = 4
"""The tap of a 3 x 3 filter that every position has."""
SATURATION = MAX_ACTIVATION / ONE


def saturate(x: Tensor) -> Tensor:
    """Keep activations in their 16 bits; float tensors of the float form and float64 integers alike."""
    limit = MAX_ACTIVATION if x.dtype == torch.float64 else SATURATION
    return x.clamp(-limit, limit)


def leaky_relu(x: Tensor) -> Tensor:
    """max(x, x/8), then saturation; on integers the division rounds down."""
    larger = F.leaky_relu(x, 2.0**-LEAK_BITS)
    return larger.floor_().clamp_(-MAX_ACTIVATION, MAX_ACTIVATION) if _is_integers(x) else saturate(larger)


def add_leaky(x: Tensor, change: Tensor) -> Tensor:
    """A residual step, saturate(x + leaky_relu(change)); integers in ``change`` may be overwritten."""
    if not _is_integers(x):
        return saturate(x + leaky_relu(change))
    change = F.leaky_relu_(change, 2.0**-LEAK_BITS).floor_()
    return change.clamp_(-MAX_ACTIVATION, MAX_ACTIVATION).add_(x).clamp_(-MAX_ACTIVATION, MAX_ACTIVATION)


def _is_integers(x: Tensor) -> bool:
    return x.dtype == torch.float64


class FixedConv(nn.Module):
    """A pointwise (1 x 1) or depthwise (3 x 3, zero padding) convolution in its float form.

    Args:
        inputs: input channels.
        outputs: output channels.
        depthwise: 3 x 3 with one filter a channel; needs ``inputs == outputs``.
        saturating: keep results in 16 bits; off for last layers, whose results no layer takes in.
    """

    def __init__(
        self, inputs: int, outputs: int, *, depthwise: bool = False, saturating: bool = True
    ) -> None:
        super().__init__()
        if depthwise and inputs != outputs:
            raise ValueError(f"a depthwise layer keeps its channels: {inputs} is not {outputs}")
        self.depthwise, self.saturating = depthwise, saturating
        conv = nn.Conv2d(inputs, outputs, 3 if depthwise else 1, groups=inputs if depthwise else 1)
        self.weight, self.bias = conv.weight, conv.bias

    def forward(self, x: Tensor) -> Tensor:
        """Convolve float activations (N, C, H, W); the result saturates where the integer form's would."""
        if self.depthwise:
            x = F.conv2d(x, self.weight, self.bias, padding=1, groups=x.shape[1])
        else:
            x = F.conv2d(x, self.weight, self.bias)
        return saturate(x) if self.saturating else x

    def to_integers(self) -> "IntegerConv":
        """Return the integer form of this layer."""
        weight = self.weight.detach().to(torch.float64)
        largest = max(float(weight.abs().max()), 1e-12)
        shift = 0
        while shift < MAX_SHIFT and largest * 2.0 ** (shift + 1) <= MAX_WEIGHT:
            shift += 1
        layer = self._empty_integers()
        scaled = torch.floor(weight * 2.0**shift + 0.5).clamp(-MAX_WEIGHT, MAX_WEIGHT)
        assert self.bias is not None
        bias = torch.floor(self.bias.detach().to(torch.float64) * 2.0 ** (shift + FRACTION_BITS) + 0.5)
        layer.weight.copy_(scaled.flatten(1))
        layer.bias.copy_(bias)
        layer.shift.fill_(shift)
        return layer

    def _empty_integers(self) -> "IntegerConv":
        outputs, inputs = self.weight.shape[:2]
        inputs = outputs if self.depthwise else inputs
        return IntegerConv(inputs, outputs, depthwise=self.depthwise, saturating=self.saturating)


class IntegerConv(nn.Module):
    """The integer form of `FixedConv`; activations are integer-valued float64 tensors (N, C, H, W).

    Buffers (they are what a model file stores): ``weight`` int16 (outputs, inputs or 9), ``bias`` int64 (outputs,),
    ``shift`` int64 scalar in 0..20. Two more, which no file stores, hold what `prepare` makes of them.
    """

    weight: Tensor
    bias: Tensor
    shift: Tensor
    scaled_weight: Tensor | None
    scaled_bias: Tensor | None

    def __init__(
        self, inputs: int, outputs: int, *, depthwise: bool = False, saturating: bool = True
    ) -> None:
        super().__init__()
        self.depthwise, self.saturating = depthwise, saturating
        self.register_buffer("weight", torch.zeros(outputs, 9 if depthwise else inputs, dtype=torch.int16))
        self.register_buffer("bias", torch.zeros(outputs, dtype=torch.int64))
        self.register_buffer("shift", torch.zeros((), dtype=torch.int64))
        self.register_buffer("scaled_weight", None, persistent=False)
        self.register_buffer("scaled_bias", None, persistent=False)

    def prepare(self) -> None:
        """Keep the weights in the form in which `forward` multiplies: for a layer that will not change any more."""
        self.scaled_weight, self.scaled_bias = self._scaled()

    def is_exact(self) -> bool:
        """Whether every partial sum of every possible input stays below 2^53, so that float64 is exact."""
        bias = self.bias.clamp(-MAX_EXACT, MAX_EXACT).abs()  # so that no sum leaves 64 bits
        sums = self.weight.to(torch.int64).abs().sum(1) * MAX_ACTIVATION + bias
        return bool((sums + (1 << MAX_SHIFT) < MAX_EXACT).all()) and 0 <= int(self.shift) <= MAX_SHIFT

    def float_state(self) -> dict[str, Tensor]:
        """Weight and bias of a `FixedConv` that converts to this layer."""
        unit = 2.0 ** int(self.shift)
        return {"weight": self.weight.double() / unit, "bias": self.bias.double() / (unit * ONE)}

    def forward(self, x: Tensor) -> Tensor:
        """Convolve integers exactly; the result is rounded to units of 2^-8 and, if asked, saturated to 16 bits."""
        weight, bias = self.scaled_weight, self.scaled_bias
        if weight is None or bias is None:
            weight, bias = self._scaled()
        total = self._sums(x, weight, bias).floor_()
        return total.clamp_(-MAX_ACTIVATION, MAX_ACTIVATION) if self.saturating else total

    def _scaled(self) -> tuple[Tensor, Tensor]:
        """Weights, and biases with the half that makes rounding down rounding half up, in float64 units of a result."""
        unit = torch.ones_like(self.shift) << self.shift  # an integer: pow is not exact on every device
        weight = self.weight.to(torch.float64) / unit  # dividing by 2^k moves the binary point and no digit
        return weight, (self.bias + unit // 2).to(torch.float64) / unit

    def _sums(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """The convolution before rounding, in a tensor that may be overwritten."""
        return self._depthwise(x, weight, bias) if self.depthwise else self._pointwise(x, weight, bias)

    @staticmethod
    def _pointwise(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        n, _, h, w = x.shape
        total = torch.matmul(weight, x.reshape(n, x.shape[1], h * w))
        return total.add_(bias.view(-1, 1)).view(n, -1, h, w)

    @staticmethod
    def _depthwise(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        total = torch.addcmul(bias.view(-1, 1, 1), x.contiguous(), weight[:, CENTRE].view(-1, 1, 1))
        for tap in (tap for tap in range(9) if tap != CENTRE):
            row, column = divmod(tap, 3)
            here_rows, there_rows = _overlap(x.shape[-2], row - 1)
            here_columns, there_columns = _overlap(x.shape[-1], column - 1)
            neighbour = x[..., there_rows, there_columns]
            total[..., here_rows, here_columns].addcmul_(neighbour, weight[:, tap].view(-1, 1, 1))
        return total


def _overlap(size: int, offset: int) -> tuple[slice, slice]:
    """The positions of an axis that have a neighbour at ``offset`` (-1, 0 or 1), and these neighbours."""
    return slice(max(0, -offset), size - max(0, offset)), slice(max(0, offset), size - max(0, -offset))


def to_integers(module: nn.Module) -> nn.Module:
    """Replace every `FixedConv` inside ``module`` by its integer form, in place; returns ``module``."""
    for name, child in module.named_children():
        if isinstance(child, FixedConv):
            setattr(module, name, child.to_integers())
        else:
            to_integers(child)
    return module
