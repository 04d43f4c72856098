"""The numbers of the quality scale, and quality as an integer step. No torch here.

Quality is a number from 1 to 100. In a stream and in every network it is an integer number of *steps* of 1/8, so that
encoder and decoder see exactly the same value.
"""

import numpy as np

STEPS_PER_QUALITY = 8
MIN_QUALITY, MAX_QUALITY = 1.0, 100.0
MIN_STEP, MAX_STEP = 8, 800
HAT_ONE = 256
"""The integer that stands for 1.0 in a hat function's value."""


def quality_to_step(quality: float) -> int:
    """Round a quality in 1..100 to its integer step in 8..800.

    Raises:
        ValueError: the quality is not a number in 1..100.
    """
    if isinstance(quality, bool) or not isinstance(quality, int | float | np.integer | np.floating):
        raise TypeError(f"quality must be a number from 1 to 100, not {type(quality).__name__}")
    if not MIN_QUALITY <= quality <= MAX_QUALITY:
        raise ValueError(f"quality must be from 1 to 100, not {quality}")
    return round(float(quality) * STEPS_PER_QUALITY)
