"""PNG: lossless, so it has one size a picture and no quality. What it shows is the original: a ceiling."""

from cotam.evaluation.rivals.pillow_format import PillowFormat, pillow_format

QUALITIES = (100.0,)


def png() -> PillowFormat:
    """The rival ``png``."""
    return pillow_format("png", "PNG", {"optimize": True}, QUALITIES)
