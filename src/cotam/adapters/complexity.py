"""Parameters and multiply-accumulates of any module, counted while it runs; on the meta device nothing is computed.

What is counted: one for each product in a convolution, a matrix product or attention (queries with keys, weights with
values), and one for each bias that is added. Normalisation, softmax and activations are left out. So counted,
Bridge's transform-neck takes 3.46 G multiply-accumulates for 256 x 256 pixels; the paper states 52.795 kMAC/pixel,
which is 3.46 G / 65,536.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode, conv_flop_count

from cotam.adapters.transformer_block import TransformerBlock

KILO: Final = 1000
Count = Callable[..., int]


@dataclass(frozen=True)
class Complexity:
    """Size and work of one part."""

    name: str
    """What it is."""
    parameters: int
    """Trained numbers: parameters, and integers that were made from them."""
    macs: int
    """Multiply-accumulates for one picture."""
    pixels: int
    """Pixels of that picture."""

    @property
    def kmacs_per_pixel(self) -> float:
        """Thousands of multiply-accumulates per pixel."""
        return self.macs / self.pixels / KILO


def measure(name: str, module: nn.Module, pixels: int, run: Callable[[], Any]) -> Complexity:
    """Count the parameters of a module and the work of a call.

    Args:
        name: what to call it.
        module: whose parameters count.
        pixels: size of the picture that the call is for.
        run: the call; all work inside counts.
    """
    with torch.no_grad(), FlopCounterMode(display=False, custom_mapping=_COUNTS) as counter:
        run()
    return Complexity(name, parameters(module), counter.get_total_flops() // 2, pixels)


def parameters(module: nn.Module) -> int:
    """Parameters of a module, and the integer weights that take their place after training."""
    trained = sum(parameter.numel() for parameter in module.parameters())
    return trained + sum(b.numel() for b in module.buffers() if not b.is_floating_point() and b.ndim)


class FirstLayers(nn.Module):
    """The part of a ViT that a transform-neck replaces: patch embedding and the first blocks.

    For counting only. Class token, positions and CLIP's first norm are not in it: they are no layers, and the paper's
    25.78 M parameters for two layers of ViT-L/14 leave them out too.
    """

    def __init__(self, width: int, patch: int, blocks: int, heads: int, mlp_ratio: int = 4) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, width, patch, patch, bias=False)
        self.blocks = nn.Sequential(*(TransformerBlock(width, heads, mlp_ratio) for _ in range(blocks)))

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, h, w) to tokens (N, 1 + P, D); a token of zeros stands for [CLS]."""
        patches = self.embed(images).flatten(2).mT
        return self.blocks(torch.cat([torch.zeros_like(patches[:, :1]), patches], 1))


def _product_with_bias(
    bias: Any, x: Any, weight: Any, *args: Any, out_shape: Any = None, **kwargs: Any
) -> int:
    return 2 * prod(out_shape) * (x[-1] + 1)


def _convolution(
    x: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    *args: Any,
    out_shape: Any = None,
    **kwargs: Any,
) -> int:
    work: int = conv_flop_count(x, weight, out_shape, transposed=transposed)
    return work + (2 * prod(out_shape) if bias is not None else 0)


def _attention(queries: Any, keys: Any, values: Any, *args: Any, **kwargs: Any) -> int:
    return 2 * prod(queries) * keys[-2] + 2 * prod(queries[:-1]) * prod(values[-2:])


def _elementwise(*args: Any, out_shape: Any = None, **kwargs: Any) -> int:
    """Count x + a · b, which the integer form of depthwise convolutions is made of; x may be a bias that is spread."""
    return 2 * prod(out_shape)


_COUNTS: dict[Any, Count] = {
    torch.ops.aten.addmm: _product_with_bias,
    torch.ops.aten.convolution: _convolution,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    torch.ops.aten.addcmul: _elementwise,
    torch.ops.aten.addcmul_: _elementwise,
}
"""Operations that torch's flop counter leaves out, or counts without their bias; in flops, two to a MAC."""
