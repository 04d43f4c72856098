"""CompressAI's models at their published sizes, with random weights that code pictures at an ordinary rate.

Fresh weights make latents of almost nothing, and a stream of a few bytes says little about an entropy coder. So
each latent channel is brought to a standard deviation of its own, from `WIDEST` down to `NARROWEST` as in trained
models, and the entropy model is told of them. The sizes of the networks, which most of the time depends on, are
not touched.
"""

import importlib.machinery
import math
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

WIDEST, NARROWEST = 2.0, 0.01
"""Standard deviations of the first and the last latent channel: about 1 bit per pixel with 320 channels."""
STRIDE = 64
SETTINGS = {
    "mbt2018-mean": "N=192, M=320 (its upper qualities)",
    "elic": "Elic2022Official, N=192, M=320",
}


class Spread(nn.Module):
    """Takes the mean off each channel, and multiplies it by a number."""

    def __init__(self, mean: torch.Tensor, gain: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("gain", gain)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Latents (N, M, h, w) to the same."""
        return (x - self.mean) * self.gain


def import_compressai() -> types.ModuleType:
    """Import CompressAI, which asks for torchvision at import and needs nothing of it for its models."""
    try:
        import torchvision.transforms  # noqa: F401
    except (ImportError, RuntimeError):  # not there, or made for another torch
        for name in ("torchvision", "torchvision.transforms"):
            sys.modules[name] = types.ModuleType(name)
            sys.modules[name].__spec__ = importlib.machinery.ModuleSpec(name, None)
        sys.modules["torchvision"].transforms = sys.modules["torchvision.transforms"]  # type: ignore[attr-defined]
    import compressai

    return compressai


def build(name: str) -> nn.Module:
    """Make one of `SETTINGS` with fresh weights; always the same."""
    from compressai.models import Elic2022Official, MeanScaleHyperprior

    torch.manual_seed(0)
    return (MeanScaleHyperprior(192, 320) if name == "mbt2018-mean" else Elic2022Official()).eval()


@torch.inference_mode()
def spread_latents(model: nn.Module, x: torch.Tensor) -> nn.Module:
    """Bring the latents of a picture (1, 3, H, W) to an ordinary spread, and prepare the coder; returns the model."""
    std, mean = torch.std_mean(model.g_a(x), (0, 2, 3), keepdim=True)
    count = std.numel()
    wanted = WIDEST * torch.exp(torch.linspace(0, math.log(NARROWEST / WIDEST), count))
    model.g_a.append(Spread(mean, wanted.view_as(std) / std))
    taken = 0
    for layer in _last_layers(model):
        channels = layer.bias.numel() // 2
        layer.bias[:channels] = wanted[taken : taken + channels]
        layer.bias[channels:] = 0
        taken += channels
    assert taken == count
    model.update()
    return model


def _last_layers(model: nn.Module) -> list[nn.Conv2d]:
    """The layers that give scales and means, in the order of the latent channels."""
    if hasattr(model, "h_s"):
        return [model.h_s[-1]]
    groups = model.latent_codec["y"].latent_codec.values()
    return [
        [layer for layer in group.entropy_parameters if isinstance(layer, nn.Conv2d)][-1] for group in groups
    ]


def to_input(pixels: np.ndarray) -> torch.Tensor:
    """Pixels, uint8 (H, W, 3), to float32 (1, 3, H', W') in 0..1, its sides multiples of `STRIDE`."""
    height, width = pixels.shape[:2]
    x = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255
    return nn.functional.pad(x, (0, -width % STRIDE, 0, -height % STRIDE), mode="replicate")


def entropy_models(model: nn.Module) -> list[nn.Module]:
    """The modules that hold an entropy coder."""
    return [module for module in model.modules() if hasattr(module, "entropy_coder")]


def coded_bytes(strings: object) -> int:
    """Bytes in the lists of strings that ``compress`` gives."""
    return len(strings) if isinstance(strings, bytes) else sum(map(coded_bytes, strings))  # type: ignore[call-overload]


@contextmanager
def replaced(owners: list[object], name: str, make: Callable[[Callable], Callable]) -> Iterator[None]:
    """Put ``make(method)`` in the place of a method of some objects for a while."""
    for owner in owners:
        owner.__dict__[name] = make(getattr(owner, name))
    try:
        yield
    finally:
        for owner in owners:
            del owner.__dict__[name]
