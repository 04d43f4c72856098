"""Where in the picture a stream's bits go: the information content of its latents, region by region."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from cotam.codec import Analysis, Codec, LevelMap
from cotam.codec.steps import step_map
from cotam.entropy_coding import TableSet
from cotam.entropy_models.structure import HYPER_STRIDE
from cotam.models.base_codec import Context
from cotam.ops.quality_scale import quality_to_step

Labels = NDArray[np.integer]
"""Region of each latent cell, integers (rows, columns) from 0 on."""


def regional_bits(
    codec: Codec, analysis: Analysis, quality: float, level_map: LevelMap | None, labels: Labels
) -> NDArray[np.float64]:
    """Encode an analysed picture and add up the bits of each region's latents and hyper-latents.

    Args:
        codec: the codec.
        analysis: the picture.
        quality: 1 to 100.
        level_map: None is uniform.
        labels: region of each latent cell.

    Returns:
        Bits, float64 (regions,); their sum is the stream's ideal size without container and level map.
    """
    step = quality_to_step(quality)
    steps = step_map(step, level_map, *analysis.y.shape[-2:], device=codec.device)
    config = codec.network.config
    parts = labels_in_coding_order(labels, codec.network.context, config.latents, config.hyper)
    sink = RegionalSink(codec.latents.tables, parts)
    with torch.inference_mode():
        codec.latents.encode(analysis.y[None], steps[None], torch.tensor([step], device=codec.device), sink)
    return sink.bits


class RegionalSink:
    """Takes the parts of one frame, as `cotam.codec.latents.FrameSink` does, and adds up bits by region."""

    def __init__(self, tables: TableSet, labels: Iterator[Labels]) -> None:
        """Take the model's tables, and the region of each symbol, part by part."""
        self.tables, self._labels = tables, list(labels)
        self.bits = np.zeros(1 + max(int(part.max()) for part in self._labels))

    def add(self, symbols: NDArray[np.int32], indexes: NDArray[np.uint8]) -> None:
        """Add one part, (1, n)."""
        labels = self._labels.pop(0)
        for region in np.unique(labels):
            chosen = labels == region
            self.bits[region] += self.tables.ideal_bits(symbols[0, chosen], indexes[0, chosen])


def labels_in_coding_order(labels: Labels, context: Context, latents: int, hyper: int) -> Iterator[Labels]:
    """The region of each symbol, part by part as they are coded: hyper-latents, then the context's passes.

    Args:
        labels: (rows, columns).
        context: whose passes code the latents; one without positions is no part.
        latents: channels of latents.
        hyper: channels of hyper-latents; each belongs to the region of the cell in its middle.
    """
    centres = [np.minimum(np.arange(0, n, HYPER_STRIDE) + HYPER_STRIDE // 2, n - 1) for n in labels.shape]
    yield _flat([np.broadcast_to(labels[np.ix_(*centres)], (hyper, len(centres[0]), len(centres[1])))])
    spread = np.broadcast_to(labels, (1, latents, *labels.shape))
    yield from filter(np.size, (_flat([spread[where] for where in places]) for places in context.passes()))


def _flat(blocks: Sequence[Labels]) -> Labels:
    return np.concatenate([block.reshape(-1) for block in blocks])
