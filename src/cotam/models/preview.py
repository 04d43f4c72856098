"""Moving the latents of a frame by pixels, in exact integers.

Shifting a picture by other than whole cells changes its latents beyond recognition. But both transforms of `cotam-s`
have a linear path, which makes nearly all of the picture: so latents go through the synthesis's linear path to a
preview, which moves, and through the analysis's linear path back. Their weights are those of the base model, rounded
to integers; with 2^-8 of a sample lost here and there, all sums stay below 2^53 and are exact.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cotam.models.cotam_s import CotamS
from cotam.models.cotam_s_config import STRIDE
from cotam.models.gain_scale import MAX_REFERENCE
from cotam.ops.integers import FRACTION_BITS, MAX_WEIGHT

WEIGHT_BITS = 12
"""Weights of both paths are in units of 2^-12."""
LATENT_BITS = 16
"""Latents without gains are in units of 2^-16."""
PIXEL_BITS = 14
"""Samples of a preview are in units of 2^-14."""
MAX_SAMPLE = 4 << PIXEL_BITS
SUBPIXELS = 4
"""Motion is in units of 1/4 pixel."""
TAPS = ((0, 32, 0, 0), (-2, 28, 7, -1), (-2, 18, 18, -2), (-1, 7, 28, -2))
"""Weights in units of 1/32 of the samples at -1, 0, 1 and 2 for each part of a pixel between 0 and 1: cubic."""
TAP_UNIT = 32
TO_PLAIN = LATENT_BITS - FRACTION_BITS
"""Octaves from units of 2^-8 to those of `LATENT_BITS`."""


class Preview(nn.Module):
    """The linear paths of a base model as integers.

    Args:
        base: the model; float16 weights of its file are what is rounded, on every machine to the same.
    """

    synthesis: Tensor
    analysis: Tensor

    def __init__(self, base: CotamS) -> None:
        super().__init__()
        self.register_buffer("synthesis", _integers(base.synthesis.linear.weight), persistent=False)
        self.register_buffer("analysis", _integers(base.analysis.linear.weight), persistent=False)

    def pixels(self, latents: Tensor) -> Tensor:
        """Make a preview.

        Args:
            latents: without gains, in units of 2^-16, integer-valued float64 (N, M, h, w), within ±2^23.

        Returns:
            Samples in units of 2^-14, integer-valued float64 (N, 3, 16h, 16w), within ±4.
        """
        unit = 1 << (LATENT_BITS + WEIGHT_BITS - PIXEL_BITS)
        samples = _rounded(_pointwise(self.synthesis, latents), unit).clamp_(-MAX_SAMPLE, MAX_SAMPLE)
        return F.pixel_shuffle(samples, STRIDE)

    def latents(self, pixels: Tensor, motion: tuple[int, int]) -> Tensor:
        """The latents of a moved preview.

        Args:
            pixels: from `pixels`.
            motion: rows and columns, in quarter pixels, that the content has moved down and to the right.

        Returns:
            Latents without gains in units of 2^-16, integer-valued float64 (N, M, h, w), within ±2^23.
        """
        unit = TAP_UNIT**2 << (PIXEL_BITS + WEIGHT_BITS - LATENT_BITS)
        cells = F.pixel_unshuffle(moved(pixels, motion), STRIDE)
        return _rounded(_pointwise(self.analysis, cells), unit).clamp_(-MAX_REFERENCE, MAX_REFERENCE)


def moved(pixels: Tensor, motion: tuple[int, int]) -> Tensor:
    """Move pictures (N, C, H, W); 1024 times the result, so that integers stay integers. Edges are repeated.

    Args:
        pixels: integer-valued or not.
        motion: rows and columns in quarter pixels.
    """
    for axis, shift in zip((2, 3), motion, strict=True):
        whole, part = divmod(-shift, SUBPIXELS)
        terms = [
            _shifted(pixels, axis, whole + place) * weight
            for place, weight in enumerate(TAPS[part], start=-1)
            if weight
        ]
        pixels = torch.stack(terms).sum(0)
    return pixels


def _shifted(pixels: Tensor, axis: int, offset: int) -> Tensor:
    """The sample at position + offset, the nearest where there is none."""
    size = pixels.shape[axis]
    places = torch.arange(size, device=pixels.device).add_(offset).clamp_(0, size - 1)
    return pixels.index_select(axis, places)


def _integers(weight: Tensor) -> Tensor:
    rounded = torch.floor(weight.detach().double().flatten(1) * (1 << WEIGHT_BITS) + 0.5)
    return rounded.clamp_(-MAX_WEIGHT, MAX_WEIGHT)


def _pointwise(weight: Tensor, x: Tensor) -> Tensor:
    n, _, h, w = x.shape
    return torch.matmul(weight, x.reshape(n, x.shape[1], h * w)).view(n, -1, h, w)


def _rounded(total: Tensor, unit: int) -> Tensor:
    return total.add_(unit // 2).div_(unit).floor_()
