"""What of the entropy model every form of it shares: how latents are parted, and the range of tables. No torch here."""

from collections.abc import Iterator

TABLES = 64
"""Gaussian frequency tables of a model, the placeholder of index 0 included."""
STRIDE = 16
"""Pixels per latent position and axis, in every base codec: level maps and adapters count on it."""
HYPER_STRIDE = 4
"""Hyper-latents per latent position and axis: stride 64 in the picture."""
MAX_HYPER = 127
"""Largest hyper-latent: the integer networks take activations of up to 128."""
BITS_PER_SQUARED_STEP = 11.0
"""What a squared quantisation step of distortion is worth to the encoder; see `cotam.codec.symbol_costs`."""
PASSES = 4
ORDER = (0, 3, 1, 2)
PARITIES = ((0, 0), (0, 1), (1, 0), (1, 1))

Where = tuple[slice, slice, slice, slice]
"""Batch, channels, rows and columns of a block."""


def blocks_of_pass(number: int, channels: int) -> Iterator[tuple[int, Where]]:
    """The four (group, index expression) pairs that a pass codes in a tensor (N, ``channels``, H, W)."""
    size = channels // PASSES
    for parity, (row, column) in enumerate(PARITIES):
        group = ORDER[number] ^ parity
        yield (
            group,
            (
                slice(None),
                slice(group * size, (group + 1) * size),
                slice(row, None, 2),
                slice(column, None, 2),
            ),
        )
