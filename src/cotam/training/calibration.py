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
from cotam.entropy_coding.categorical import TOTAL
from cotam.entropy_models.gaussian import gaussian_probabilities, scale_of_index
from cotam.entropy_models.structure import TABLES
from cotam.models.base_codec import BaseCodec, pad_to_stride
from cotam.ops.quality_scale import MAX_STEP, MIN_STEP

MAX_RADIUS = 255
SIGMAS = 5.0
PRIOR_WEIGHT = 400.0
"""What training assumes counts as much as this many observed symbols."""
ROUNDS = 3
"""Qualities at which every picture is coded."""


def table_radius(index: int) -> int:
    """Largest magnitude that table ``index`` codes without escape."""
    scale = float(scale_of_index(torch.tensor(float(index))))
    return min(int(np.ceil(SIGMAS * scale)) + 1, MAX_RADIUS)


def gaussian_tables() -> TableSet:
    """The tables that training assumes of latents."""
    return TableSet.from_frequencies(_gaussian_frequencies())


def assumed_tables(network: BaseCodec) -> TableSet:
    """All tables that the training of a network assumes: the Gaussian ones and its own."""
    return TableSet.from_frequencies([*_gaussian_frequencies(), *network.assumed_frequencies()])


def _gaussian_frequencies() -> list[np.ndarray]:
    indexes = range(1, TABLES)
    return [quantise_probabilities(gaussian_probabilities(i, table_radius(i))) for i in indexes]


class Histogram:
    """Counts symbols by table; a sink of `LatentCoder.encode`.

    Args:
        assumed: the tables that training assumes; they set the radii and are the prior.
    """

    def __init__(self, assumed: TableSet) -> None:
        self.priors = [assumed.frequencies(index) / TOTAL for index in range(1, len(assumed))]
        self.counts = [np.zeros(len(prior), np.int64) for prior in self.priors]

    def add(self, symbols: np.ndarray, indexes: np.ndarray) -> None:
        """Count one part; what lies outside a table counts as its escape."""
        for index in np.unique(indexes[indexes > 0]):
            counts = self.counts[index - 1]
            radius = len(counts) // 2 - 1
            values = symbols[indexes == index].astype(np.int64)
            places = np.where(np.abs(values) <= radius, values + radius, len(counts) - 1)
            counts += np.bincount(places, minlength=len(counts))

    def tables(self) -> TableSet:
        """Posterior means under the prior; a Gaussian's is made symmetric, since the sign carries no information."""
        rows = []
        for index, (prior, counts) in enumerate(zip(self.priors, self.counts, strict=True), start=1):
            mirrored = counts[:-1][::-1] if index < TABLES else counts[:-1]
            observed = np.append((counts[:-1] + mirrored) / 2, counts[-1])
            mixed = observed + PRIOR_WEIGHT * prior
            rows.append(quantise_probabilities(mixed / mixed.sum()))
        return TableSet.from_frequencies(rows)


@torch.inference_mode()
def calibrated_tables(network: BaseCodec, pictures: Sequence[np.ndarray], seed: int = 0) -> TableSet:
    """Code pictures (uint8, (H, W, 3)) at random qualities and fit the tables to the symbols."""
    rng = np.random.default_rng(seed)
    assumed = assumed_tables(network)
    coder, histogram = LatentCoder(network, assumed), Histogram(assumed)
    for pixels in track(pictures, "calibrating tables", transient=True):
        x = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255 - 0.5
        y = network.analysis(pad_to_stride(x).contiguous(memory_format=torch.channels_last)).float()
        for _ in range(ROUNDS):
            step = torch.tensor([int(rng.integers(MIN_STEP, MAX_STEP + 1))])
            coder.encode(y, step.view(1, 1, 1).expand(1, *y.shape[-2:]), step, histogram)
    return histogram.tables()
