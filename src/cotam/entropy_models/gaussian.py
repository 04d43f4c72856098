"""The family of distributions: zero-mean Gaussians on the integers, on a logarithmic grid of scales.

Index 0 stands for "certainly zero": such a latent is not coded at all. Index i >= 1 has the standard deviation
``SCALE_MIN · SCALE_RATIO^(i-1)``. Networks predict the index itself, as a real number while training.
"""

import math

import numpy as np
import torch
from torch import Tensor

from cotam.entropy_models.structure import TABLES

SCALE_MIN, SCALE_MAX = 0.11, 160.0
LOG_RATIO = math.log(SCALE_MAX / SCALE_MIN) / (TABLES - 2)
MIN_LIKELIHOOD = 1e-9


def scale_of_index(index: Tensor) -> Tensor:
    """Standard deviation of each (real-valued) index, bounded to the range of the tables."""
    return torch.exp(math.log(SCALE_MIN) + LOG_RATIO * (index - 1).clamp(-1.5, TABLES - 2))


def gaussian_bits(symbol: Tensor, index: Tensor) -> Tensor:
    """Ideal cost in bits, -log2 P(symbol), of noisy symbols under the distribution of their index.

    P(s) = Phi((s + 1/2) / sigma) - Phi((s - 1/2) / sigma), computed on the negative side where it is accurate.
    """
    scale = scale_of_index(index)
    distance = symbol.abs()
    upper = torch.special.ndtr((0.5 - distance) / scale)
    lower = torch.special.ndtr((-0.5 - distance) / scale)
    return -torch.log2((upper - lower).clamp_min(MIN_LIKELIHOOD))


def gaussian_probabilities(index: int, radius: int) -> np.ndarray:
    """Probabilities, float64, of -radius..radius and, last, of everything beyond, for table ``index`` >= 1."""
    scale = SCALE_MIN * math.exp(LOG_RATIO * (index - 1))
    edges = (np.arange(-radius, radius + 2) - 0.5) / (scale * math.sqrt(2.0))
    cdf = np.array([0.5 * math.erfc(-edge) for edge in edges])
    inside = np.diff(cdf)
    return np.append(inside, max(1.0 - inside.sum(), 0.0))
