"""Between a picture's coded symbols and the container: a frame into a stream, and a stream into its first frame."""

from cotam.bitstream import (
    FrameRecord,
    Metadata,
    Stream,
    StreamHeader,
    padded_payload,
    read_stream,
    write_stream,
)
from cotam.codec.level_map import LevelMap
from cotam.entropy_coding import FrameWriter
from cotam.errors import ModelError
from cotam.images import LoadedImage
from cotam.images.metadata import EXIF_PREFIX
from cotam.ops.quality_scale import STEPS_PER_QUALITY


def still_stream(
    source: LoadedImage,
    model_id: bytes,
    step: int,
    level_map: LevelMap | None,
    writer: FrameWriter,
    *,
    keep_metadata: bool,
) -> bytes:
    """Put a picture's symbols into a stream.

    Args:
        source: the picture: size, colour, metadata.
        model_id: of the model that coded it, 4 bytes.
        step: quality step.
        level_map: None is uniform.
        writer: holds all symbols.
        keep_metadata: whether the picture's metadata go along.
    """
    height, width = source.pixels.shape[:2]
    metadata = _metadata(source) if keep_metadata else Metadata()
    header = StreamHeader(width, height, model_id, source.grey, metadata=metadata)
    map_header = level_map.header() if level_map is not None else None
    payload = padded_payload(writer.to_bytes(), width, height)
    return write_stream(Stream(header, (FrameRecord(step / STEPS_PER_QUALITY, map_header, payload),)))


def first_frame(data: bytes) -> tuple[StreamHeader, FrameRecord]:
    """Take a stream apart; of a sequence, the first frame.

    Raises:
        BitstreamError: the bytes are no valid stream.
    """
    stream = read_stream(data)
    return stream.header, stream.frames[0]


def check_decodable(header: StreamHeader, frame: FrameRecord, model_id: bytes, model: str) -> None:
    """Refuse a frame that ``model``, whose id is ``model_id``, cannot decode by itself.

    Raises:
        ModelError: it was made with another model, or is predicted from the frame before it.
    """
    if header.model_id != model_id:
        raise ModelError(
            f"the stream was made with model {header.model_id.hex()}, this codec is {model} ({model_id.hex()})"
        )
    if frame.predicted:
        raise ModelError(f"the frame is predicted from the one before it, and {model} knows key frames alone")


def _metadata(source: LoadedImage) -> Metadata:
    """A picture's metadata as a stream holds it: EXIF without the prefix that Pillow puts before it."""
    exif = None if source.exif is None else source.exif.removeprefix(EXIF_PREFIX)
    return Metadata(exif, source.icc, source.xmp)
