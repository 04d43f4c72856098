"""AVIF at libaom's usual effort for pictures, chroma at half the resolution.

One thread: libaom's files depend on how many it may use, and a measurement must not depend on the machine's cores.
"""

from cotam.evaluation.rivals.pillow_format import PillowFormat, pillow_format

QUALITIES = (*map(float, range(5, 96, 5)),)


def avif() -> PillowFormat:
    """The rival ``avif``."""
    options = {"speed": 6, "subsampling": "4:2:0", "max_threads": 1}
    return pillow_format("avif", "AVIF", options, QUALITIES)
