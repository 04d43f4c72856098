"""Pairs of colours that can be told apart when one is written or striped on the other."""

from cotam.levelvqa.vocabulary import COLOURS

LEAST_CONTRAST = 90
"""Difference of luma, 0 to 255, that letters of ten pixels stay legible with."""


def luma(colour: str) -> int:
    """Brightness of a named colour, 0 to 255, with the weights of BT.601."""
    red, green, blue = COLOURS[colour]
    return (299 * red + 587 * green + 114 * blue) // 1000


CONTRASTING = tuple(
    (front, behind)
    for front in COLOURS
    for behind in COLOURS
    if abs(luma(front) - luma(behind)) >= LEAST_CONTRAST
)
"""Ordered pairs of colours that differ by `LEAST_CONTRAST` or more."""
