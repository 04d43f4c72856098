"""Which symbols an encoder that weighs bits against distortion will choose, as training foresees it.

The encoder takes the smaller of a latent's two nearest symbols where that saves more bits than its distortion is worth
(`cotam.codec.quantisation`). A synthesis and a context that were trained on plainly rounded latents never met what it
leaves over; trained on these, they need some 2 % less rate (docs/log.md, note 22).
"""

import torch
from torch import Tensor

from cotam.entropy_models.gaussian import gaussian_bits
from cotam.entropy_models.structure import BITS_PER_SQUARED_STEP


def choose_straight_through(rest: Tensor, index: Tensor) -> Tensor:
    """The encoder's symbols under the Gaussians of training, with the gradient of the identity.

    Args:
        rest: latent - mean, in steps.
        index: real-valued table indexes of the same shape; below 1/2 a latent is not coded, and its symbol is 0.

    Returns:
        Integer-valued, of the same shape.
    """
    with torch.no_grad():
        magnitude = rest.abs()
        symbol = torch.floor(magnitude + 0.5)
        smaller = (symbol - 1).clamp_min(0)
        saved = gaussian_bits(symbol, index) - gaussian_bits(smaller, index)
        lowered = magnitude < symbol - 0.5 + saved / (2 * BITS_PER_SQUARED_STEP)
        symbol = torch.where(lowered, smaller, symbol)
        symbol = torch.where(index < 0.5, torch.zeros_like(symbol), symbol).copysign(rest)
    return rest + (symbol - rest).detach()
