"""How the encoder of a predicted frame finds the motion of its content; the decoder only sees the choice.

Phase correlation (Kuglin and Hines, 1975) of the two previews, whole and in overlapping blocks, proposes vectors. Of
these the ones are taken, one after another, that bring the cells nearest to the frame before, and each is refined to
quarter pixels.
"""

from collections import Counter

import torch
import torch.nn.functional as F
from torch import Tensor

from cotam.entropy_coding.motion import MAX_MOTION, MAX_VECTORS, Vector
from cotam.models.cotam_s_config import STRIDE
from cotam.models.preview import SUBPIXELS, TAP_UNIT, moved

BLOCK, BLOCK_STEP = 64, 32
CANDIDATES = 12
WORTH_A_VECTOR = 0.02
"""Share of the remaining difference that a further vector must take away."""
REFINEMENTS = (2, 1)
"""Steps, in quarter pixels, by which a vector is moved to see whether it fits better."""


def find_motion(before: Tensor, now: Tensor) -> list[Vector]:
    """Vectors besides (0, 0), best first.

    Args:
        before: preview of the frame before (1, 3, H, W), any scale.
        now: preview of this frame, on the same scale.
    """
    old, new = (x.float().mean(1, keepdim=True) for x in (before, now))
    best = _differences(old, new, (0, 0))
    candidates = {vector: _differences(old, new, vector) for vector in _proposals(old, new)}
    vectors: list[Vector] = []
    while candidates and len(vectors) < MAX_VECTORS:
        vector = max(candidates, key=lambda v: float((best - candidates[v]).clamp_min(0).sum()))
        gains = (best - candidates.pop(vector)).clamp_min(0)
        if float(gains.sum()) <= WORTH_A_VECTOR * float(best.sum()):
            break
        vector = _refined(old, new, vector, gains > 0)
        if vector not in vectors:
            vectors.append(vector)
            best = torch.minimum(best, _differences(old, new, vector))
    return vectors


def _refined(old: Tensor, new: Tensor, vector: Vector, cells: Tensor) -> Vector:
    """The vector nearby that suits these cells best."""
    for step in REFINEMENTS:
        around = [(vector[0] + i * step, vector[1] + j * step) for i in (0, -1, 1) for j in (0, -1, 1)]
        allowed = [v for v in around if min(v) >= -MAX_MOTION and max(v) < MAX_MOTION]
        vector = min(allowed, key=lambda v: float(_differences(old, new, v)[cells].sum()))
    return vector


def _differences(old: Tensor, new: Tensor, vector: Vector) -> Tensor:
    """Mean absolute difference of each cell to the frame before, moved: (h, w)."""
    return F.avg_pool2d((new - moved(old, vector) / TAP_UNIT**2).abs(), STRIDE)[0, 0]


def _proposals(old: Tensor, new: Tensor) -> list[Vector]:
    """Whole-pixel vectors: the best of the whole frame, then those that most blocks vote for."""
    found = _peaks(old, new, 3)[0]
    votes: Counter[Vector] = Counter()
    if min(old.shape[-2:]) >= BLOCK:
        for peaks in _peaks(_blocks(old), _blocks(new), 2):
            votes.update(peaks)
    ranked = [*found, *(vector for vector, _ in votes.most_common(CANDIDATES))]
    limit = MAX_MOTION // SUBPIXELS - 1
    near = [v for v in dict.fromkeys(ranked) if v != (0, 0) and max(map(abs, v)) < limit]
    return [(row * SUBPIXELS, column * SUBPIXELS) for row, column in near]


def _blocks(x: Tensor) -> Tensor:
    """Overlapping blocks, (B, 1, 64, 64)."""
    return x.unfold(2, BLOCK, BLOCK_STEP).unfold(3, BLOCK, BLOCK_STEP).reshape(-1, 1, BLOCK, BLOCK)


def _peaks(old: Tensor, new: Tensor, count: int) -> list[list[Vector]]:
    """The highest peaks of the phase correlation of each pair (B, 1, H, W), in whole pixels."""
    height, width = old.shape[-2:]
    window = torch.hann_window(height)[:, None] * torch.hann_window(width)
    spectra = [torch.fft.rfft2((x - x.mean((2, 3), keepdim=True)) * window) for x in (old, new)]
    cross = spectra[1] * spectra[0].conj()
    surface = torch.fft.irfft2(cross / cross.abs().clamp_min(1e-9), (height, width))
    places = surface.flatten(1).topk(count).indices.tolist()
    return [[_signed(place // width, place % width, height, width) for place in row] for row in places]


def _signed(row: int, column: int, height: int, width: int) -> Vector:
    return (row - height if row > height // 2 else row), (column - width if column > width // 2 else column)
