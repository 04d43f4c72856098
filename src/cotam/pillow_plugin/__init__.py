"""Pillow reads and writes .cotam streams after one call of `register`.

::

    from PIL import Image
    from cotam import pillow_plugin

    pillow_plugin.register()
    image = Image.open("photo.cotam")           # reads the header only; pixels are decoded when they are needed
    image.save("again.cotam", quality=30)       # or target_bytes=4000

Importing this module changes nothing in Pillow and loads no torch.

``Image.open`` sets ``image.info``: ``quality`` (1 to 100, of a still image), ``model`` (name of a shipped model or its
id), ``model_id`` (8 hex digits), and what the stream kept of ``exif``, ``icc_profile`` and ``xmp``. What is no cotam
stream raises ``UnidentifiedImageError``, a damaged one ``OSError``.

A sequence has ``n_frames`` and ``is_animated``; ``seek`` goes to any frame without decoding those before it, and
``info`` then has its ``timestamp`` and ``duration`` in milliseconds and its ``quality``.

``save`` takes ``quality`` (1 to 100, default 40) or ``target_bytes``; ``exif``, ``icc_profile`` and ``xmp`` as bytes
(``exif`` also as ``Image.Exif``) to be stored; ``keep_metadata=True`` to store those in ``image.info`` as well. An
EXIF orientation is applied to the pixels. Transparency is composited on white. ``save_all=True`` writes all frames and
those of ``append_images`` as a sequence; ``duration`` says in milliseconds how long each lasts, one number or a list.
"""

from typing import TYPE_CHECKING

from PIL import Image

from cotam.pillow_plugin.given_codec import give
from cotam.pillow_plugin.opening import FORMAT, CotamImageFile, accepts
from cotam.pillow_plugin.saving import DEFAULT_QUALITY, save, save_all

if TYPE_CHECKING:
    from cotam.codec import Codec

__all__ = ["DEFAULT_QUALITY", "EXTENSION", "FORMAT", "MIME_TYPE", "CotamImageFile", "register"]

EXTENSION = ".cotam"
"""Suffix of its files."""
MIME_TYPE = "image/x-cotam"
"""Its MIME type."""


def register(codec: "Codec | None" = None) -> None:
    """Make Pillow open and save .cotam; a second call replaces the codec.

    Args:
        codec: encodes, and decodes the streams of its model, in place of the shipped models on the CPU.
    """
    give(codec)
    Image.register_open(FORMAT, CotamImageFile, accepts)
    Image.register_save(FORMAT, save)
    Image.register_save_all(FORMAT, save_all)
    Image.register_extension(FORMAT, EXTENSION)
    Image.register_mime(FORMAT, MIME_TYPE)
