"""The codec that Pillow was given for .cotam, and the shipped models in its place."""

from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from cotam.codec import Codec

_given: "Codec | None" = None


def give(codec: "Codec | None") -> None:
    """Use a codec from now on, or with None the shipped models on the CPU."""
    global _given
    _given = codec


def codec_given() -> "Codec | None":
    """The codec that was given; None for the shipped models."""
    return _given


def codec_of(model_id: bytes) -> "Codec":
    """The codec that decodes the streams of a model.

    Raises:
        ModelError: the model is not here.
    """
    if _given is not None and model_id == _given.model_id:
        return _given
    from cotam.codec import codec_for_model

    return codec_for_model(model_id)


def encoded(image: Image.Image, quality: float, **options: Any) -> bytes:
    """The stream of a still picture; options as in `cotam.encode`."""
    if _given is not None:
        return _given.encode(image, quality, **options)
    import cotam

    return cotam.encode(image, quality, **options)
