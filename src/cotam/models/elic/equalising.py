"""Scaling the channels between exact layers by powers of two, so that 16 bits hold them and use them.

Layers with rectified-linear units between them compute the same if a channel is scaled up at one layer's output and
down at the inputs that read it. Networks that were trained without bounds on their activations then fit the units of
`fixed_point`, and the format needs no scale of its own for any layer.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from cotam.ops.fixed_point import FixedConv

PEAK = 32.0
"""Where the largest activation of a channel comes to lie, at most: two bits below saturation."""
MAX_EXPONENT = 12
"""Channels are scaled by 2^-12 to 2^12."""


@dataclass(frozen=True)
class Link:
    """A layer, and the layers that read its output channels, each from an input channel of its own on.

    Nothing but rectified-linear units may stand between them.
    """

    producer: FixedConv
    readers: tuple[tuple[FixedConv, int], ...]


def equalise(links: Iterable[Link], run: Callable[[], object]) -> None:
    """Scale the channels of every link, in place.

    Args:
        links: of one network, in its float form; each layer is the producer of one link at most.
        run: sends typical data through the network.
    """
    links = list(links)
    with _peaks([link.producer for link in links]) as peaks:
        run()
    for link in links:
        peak = peaks[link.producer].clamp_min(torch.finfo(torch.float32).tiny)
        exponents = torch.floor(torch.log2(PEAK / peak)).clamp(-MAX_EXPONENT, MAX_EXPONENT)
        _scale(link, torch.exp2(torch.where(peaks[link.producer] > 0, exponents, 0)))


def _scale(link: Link, factors: Tensor) -> None:
    with torch.no_grad():
        link.producer.weight.mul_(factors.view(-1, 1, 1, 1))
        assert link.producer.bias is not None
        link.producer.bias.mul_(factors)
        for reader, start in link.readers:
            reader.weight[:, start : start + len(factors)].div_(factors.view(-1, 1, 1))


@contextmanager
def _peaks(layers: list[FixedConv]) -> Iterator[dict[FixedConv, Tensor]]:
    """Record the largest magnitude of each layer's output channels, while none of the layers saturates."""
    peaks = {layer: torch.zeros(layer.weight.shape[0], device=layer.weight.device) for layer in layers}

    def watch(layer: FixedConv) -> Callable[..., None]:
        def hook(_: object, inputs: object, output: Tensor) -> None:
            peaks[layer] = torch.maximum(peaks[layer], output.detach().abs().amax((0, 2, 3)))

        return hook

    hooks = [layer.register_forward_hook(watch(layer)) for layer in layers]
    saturating = [layer.saturating for layer in layers]
    try:
        for layer in layers:
            layer.saturating = False
        yield peaks
    finally:
        for layer, before in zip(layers, saturating, strict=True):
            layer.saturating = before
        for handle in hooks:
            handle.remove()
