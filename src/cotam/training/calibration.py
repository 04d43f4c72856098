"""Frequency tables fitted to what the networks really produce.

A Gaussian is only the shape that training assumes. After training, the symbols that fall to each table are counted
over training pictures, and the table becomes their histogram, with the Gaussian as its prior.
"""

from collections.abc import Sequence

import numpy as np
import torch
from rich.progress import track

from cotam.codec.latents import LatentCoder
from cotam.entropy_coding import TableSet, quantise_probabilities
from cotam.entropy_models.gaussian import gaussian_probabilities, scale_of_index
from cotam.entropy_models.structure import TABLES
from cotam.models.cotam_s import CotamS, pad_to_stride
from cotam.ops.quality_scale import MAX_STEP, MIN_STEP

MAX_RADIUS = 255
SIGMAS = 5.0
PRIOR_WEIGHT = 400.0
"""The Gaussian counts as much as this many observed symbols."""
ROUNDS = 3
"""Qualities at which every picture is coded."""


def table_radius(index: int) -> int:
    """Largest magnitude that table ``index`` codes without escape."""
    scale = float(scale_of_index(torch.tensor(float(index))))
    return min(int(np.ceil(SIGMAS * scale)) + 1, MAX_RADIUS)


def gaussian_tables() -> TableSet:
    """The tables that training assumes."""
    indexes = range(1, TABLES)
    return TableSet.from_frequencies(
        [quantise_probabilities(gaussian_probabilities(i, table_radius(i))) for i in indexes]
    )


class Histogram:
    """Counts symbols by table; a sink of `LatentCoder.encode`."""

    def __init__(self) -> None:
        self.counts = [np.zeros(2 * table_radius(i) + 2, np.int64) for i in range(1, TABLES)]

    def add(self, symbols: np.ndarray, indexes: np.ndarray) -> None:
        """Count one part; what lies outside a table counts as its escape."""
        for index in np.unique(indexes[indexes > 0]):
            counts = self.counts[index - 1]
            radius = len(counts) // 2 - 1
            values = symbols[indexes == index].astype(np.int64)
            places = np.where(np.abs(values) <= radius, values + radius, len(counts) - 1)
            counts += np.bincount(places, minlength=len(counts))

    def tables(self) -> TableSet:
        """Posterior means under the Gaussian prior, made symmetric: the sign carries no information."""
        rows = []
        for index, counts in enumerate(self.counts, start=1):
            inside = (counts[:-1] + counts[:-1][::-1]) / 2
            observed = np.append(inside, counts[-1])
            prior = gaussian_probabilities(index, table_radius(index))
            mixed = observed + PRIOR_WEIGHT * prior
            rows.append(quantise_probabilities(mixed / mixed.sum()))
        return TableSet.from_frequencies(rows)


@torch.inference_mode()
def calibrated_tables(network: CotamS, pictures: Sequence[np.ndarray], seed: int = 0) -> TableSet:
    """Code pictures (uint8, (H, W, 3)) at random qualities and fit the tables to the symbols."""
    rng = np.random.default_rng(seed)
    coder, histogram = LatentCoder(network, gaussian_tables()), Histogram()
    for pixels in track(pictures, "calibrating tables", transient=True):
        x = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255 - 0.5
        y = network.analysis(pad_to_stride(x).contiguous(memory_format=torch.channels_last)).float()
        for _ in range(ROUNDS):
            step = torch.tensor([int(rng.integers(MIN_STEP, MAX_STEP + 1))])
            coder.encode(y, step.view(1, 1, 1).expand(1, *y.shape[-2:]), step, histogram)
    return histogram.tables()
