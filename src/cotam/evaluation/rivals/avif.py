"""AVIF at libaom's usual effort for pictures, chroma at half the resolution."""

from cotam.evaluation.rivals.pillow_format import PillowFormat, pillow_format

QUALITIES = (*map(float, range(5, 96, 5)),)


def avif() -> PillowFormat:
    """The rival ``avif``."""
    return pillow_format("avif", "AVIF", {"speed": 6, "subsampling": "4:2:0"}, QUALITIES)
