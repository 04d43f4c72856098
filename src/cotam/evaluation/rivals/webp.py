"""Lossy WebP at the encoder's default effort."""

from cotam.evaluation.rivals.pillow_format import PillowFormat, pillow_format

QUALITIES = (1.0, *map(float, range(5, 96, 5)), 98.0)


def webp() -> PillowFormat:
    """The rival ``webp``."""
    return pillow_format("webp", "WEBP", {"method": 4}, QUALITIES)
