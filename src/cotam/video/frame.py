"""One frame on its way into a sequence or out of it."""

from typing import Any, Final, NamedTuple

MILLISECONDS: Final = 1000
"""In a second."""


class Frame(NamedTuple):
    """A picture at a time."""

    image: Any
    """What `cotam.images.load_image` takes: from a source here an array uint8 (height, width, 3), or (height, width)
    of a grey picture; from a `VideoReader` a Pillow image."""
    timestamp_ms: int
    """Time since the start of the sequence, in milliseconds."""
