"""Procedurally drawn pictures of text, charts and user interfaces, to train on beside photographs.

People send language models screenshots and documents, which photographs do not teach a codec: flat areas,
exact edges, small coloured letters. Every picture is a pure function of the random generator, needs no data
set, and is drawn with Pillow and its bundled fonts only.
"""

import numpy as np

from cotam.training.graphics.charts import render_chart
from cotam.training.graphics.documents import render_document
from cotam.training.graphics.editor import render_editor
from cotam.training.graphics.interface import render_interface
from cotam.training.graphics.tables import render_table

__all__ = ["SMALLEST_SIZE", "render_graphic"]

SMALLEST_SIZE = 32
STRETCHED = 0.3  # share of pictures that are resampled, as scaled screenshots and narrow or wide typefaces
MAX_STRETCH = 1.35

_KINDS = (render_document, render_chart, render_interface, render_editor, render_table)
_SHARES = (0.33, 0.22, 0.25, 0.12, 0.08)


def render_graphic(rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw one random picture of text, a chart, a user interface, code or a table.

    Args:
        rng: source of all randomness; the same state gives the same picture.
        size: side of the picture in pixels, at least `SMALLEST_SIZE`.

    Returns:
        The picture, uint8 (size, size, 3), RGB.

    Raises:
        ValueError: if `size` is too small.
    """
    if size < SMALLEST_SIZE:
        raise ValueError(f"size must be at least {SMALLEST_SIZE}, got {size}")
    render = _KINDS[int(rng.choice(len(_KINDS), p=_SHARES))]
    canvas = render(rng, size)
    if rng.random() < STRETCHED:
        across, down = rng.uniform(1, MAX_STRETCH, 2)
        canvas.stretch(float(across), float(down))
    return canvas.pixels()
