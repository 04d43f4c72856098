"""A media connector for vLLM, which reads ``.cotam`` beside what vLLM reads anyway.

Its entry point (group ``vllm.general_plugins``) registers it in every process of vLLM; it is chosen with::

    VLLM_MEDIA_CONNECTOR=cotam vllm serve ...

Pictures are told apart by their first bytes, since vLLM does not hand on MIME types. Written against the interface of
vLLM 0.33: `MEDIA_CONNECTOR_REGISTRY`, `MediaConnector._image_io`, `ImageMediaIO.load_bytes` and `MediaWithBytes`.
"""

from typing import Any, Final

from cotam.bitstream import read_stream
from cotam.bitstream.limits import MAGIC
from cotam.errors import CotamError

NAME: Final = "cotam"
"""What ``VLLM_MEDIA_CONNECTOR`` is set to."""
BYTES_PER_PIXEL: Final = 4
"""What vLLM counts a decoded pixel as."""


def register() -> None:
    """Register the connector; vLLM calls this.

    Raises:
        ImportError: there is no vLLM here, or one without media connectors.
    """
    from vllm.multimodal.media import MEDIA_CONNECTOR_REGISTRY

    MEDIA_CONNECTOR_REGISTRY.register(NAME)(connector_class())


def connector_class() -> Any:
    """Make the class of the connector; its bases are vLLM's."""
    from vllm.multimodal.media import MediaConnector
    from vllm.multimodal.media.image import ImageMediaIO

    class CotamImageIO(ImageMediaIO):  # type: ignore[misc]
        """Reads a picture's bytes."""

        def load_bytes(self, data: bytes) -> Any:
            """Decode a stream of cotam, and leave everything else to vLLM."""
            if not data.startswith(MAGIC):
                return super().load_bytes(data)
            return _loaded(self, data)

    class CotamMediaConnector(MediaConnector):  # type: ignore[misc]
        """vLLM's own connector with another reader of pictures."""

        def _image_io(self, *args: Any, **options: Any) -> Any:
            usual = super()._image_io(*args, **options)
            usual.__class__ = CotamImageIO  # the same options, whichever vLLM gives its reader
            return usual

    return CotamMediaConnector


def _loaded(reader: Any, data: bytes) -> Any:
    """Decode within vLLM's limits.

    Raises:
        ValueError: a bad stream, or one of more pixels than vLLM allows.
    """
    import cotam

    try:
        header = read_stream(data).header
        _check_size(reader, header.width, header.height)
        image = cotam.decode(data).convert(getattr(reader, "image_mode", "RGB"))
    except CotamError as error:
        raise ValueError(f"cannot load the cotam stream: {error}") from error
    from vllm.multimodal.media.base import MediaWithBytes

    return MediaWithBytes(image, data)


def _check_size(reader: Any, width: int, height: int) -> None:
    from vllm import envs

    most = getattr(envs, "VLLM_MAX_IMAGE_PIXELS", None)
    if most and width * height > most:
        raise ValueError(
            f"the picture has {width} x {height} pixels; VLLM_MAX_IMAGE_PIXELS allows {most} in all"
        )
    budget = getattr(reader, "decoded_budget", None)
    if budget is not None:
        budget.charge(width * height * BYTES_PER_PIXEL)
