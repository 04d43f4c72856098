"""JPEG as the web uses it: chroma at half the resolution, optimised Huffman tables, progressive."""

from cotam.evaluation.rivals.pillow_format import PillowFormat, pillow_format

QUALITIES = (*map(float, range(5, 96, 5)),)


def jpeg() -> PillowFormat:
    """The rival ``jpeg``."""
    options = {"subsampling": "4:2:0", "optimize": True, "progressive": True}
    return pillow_format("jpeg", "JPEG", options, QUALITIES)
