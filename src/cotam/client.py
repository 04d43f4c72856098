"""For whoever asks a server: pictures as parts of a chat, in few bytes.

::

    from openai import OpenAI
    from cotam.client import image_part

    client = OpenAI(base_url="http://127.0.0.1:8000/v1", api_key="-")
    client.chat.completions.create(
        model="levelvqa",
        messages=[{"role": "user", "content": [image_part("photo.jpg", quality=30), {"type": "text", "text": "..."}]}],
    )

What comes out is plain JSON, so it works with every client of OpenAI's API, and this module needs none of them.
"""

import base64
from pathlib import Path
from typing import Any

from cotam.bitstream.limits import MAGIC

MIME_TYPE = "image/x-cotam"


def image_part(
    image: Any,
    *,
    quality: float | None = None,
    max_bytes: int | None = None,
    detail: str | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Encode a picture as a part of a chat message.

    Args:
        image: a path, bytes of an image file, Pillow image or array; or a ``.cotam`` stream, by path or as bytes, which
            is sent as it is.
        quality: 1 to 100, larger is better; 40 by default.
        max_bytes: most bytes of the stream, instead of a quality. Base64 adds a third.
        detail: OpenAI's hint about resolution, passed on.
        options: more of `cotam.codec.Codec.encode`, such as ``guidance``.

    Returns:
        ``{"type": "image_url", "image_url": {"url": "data:image/x-cotam;base64,..."}}``

    Raises:
        ImageError: not a picture.
        ValueError: quality and max_bytes together, out of range, or for a picture that is a stream already.
    """
    if quality is not None and max_bytes is not None:
        raise ValueError("quality and max_bytes exclude each other: give one")
    chosen = {"quality": quality, "target_bytes": max_bytes, **options}
    given = {key: value for key, value in chosen.items() if value is not None}
    stream = _stream(image)
    if stream is None:
        import cotam

        stream = cotam.encode(image, **given)
    elif given:
        raise ValueError(
            f"the picture is a cotam stream already, so {', '.join(given)} cannot be chosen any more"
        )
    place = {"url": data_url(stream)}
    return {"type": "image_url", "image_url": place if detail is None else {**place, "detail": detail}}


def data_url(stream: bytes) -> str:
    """Put a ``.cotam`` stream into a data URL."""
    return f"data:{MIME_TYPE};base64,{base64.b64encode(stream).decode('ascii')}"


def _stream(image: Any) -> bytes | None:
    """The stream that an image is already; None if it is another picture."""
    if isinstance(image, bytes | bytearray | memoryview):
        return bytes(image) if bytes(image[: len(MAGIC)]) == MAGIC else None
    if isinstance(image, str | Path) and Path(image).is_file():
        with Path(image).open("rb") as file:
            if file.read(len(MAGIC)) == MAGIC:
                return MAGIC + file.read()
    return None
