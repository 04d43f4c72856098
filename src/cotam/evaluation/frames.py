"""Sequences, made and taken apart as tests of decoders need them."""

from collections.abc import Sequence
from dataclasses import replace

from cotam.bitstream import Metadata, Stream, StreamHeader, read_header, read_stream, write_stream
from cotam.bitstream.limits import PREDICTION_VERSION
from cotam.codec import Codec, LatentImage, LevelMap
from cotam.codec.frame_decoding import FrameDecoder
from cotam.codec.frame_encoding import FrameEncoder
from cotam.codec.temporal import TemporalCodec
from cotam.evaluation.rivals.rival import Pixels

FRAME_MS = 40
"""Time from one frame to the next, where nobody looks at it."""


def predicted_sequence(
    temporal: TemporalCodec, frames: Sequence[Pixels], quality: float = 40, level_map: LevelMap | None = None
) -> bytes:
    """A sequence of frames, uint8 (height, width, 3), of which all but the first may be predicted."""
    encoder, codec = FrameEncoder(temporal), temporal.codec
    records = [
        encoder.encode(codec.analyse(frame), quality, level_map, timestamp_ms=FRAME_MS * number)
        for number, frame in enumerate(frames)
    ]
    height, width = frames[0].shape[:2]
    header = StreamHeader(width, height, codec.model_id, sequence=True, version=PREDICTION_VERSION)
    return write_stream(Stream(header, tuple(records)))


def decode_all(codec: Codec, data: bytes) -> None:
    """Make pictures of all frames of a stream; errors as in `last_latents`."""
    stream = read_stream(data)
    if not stream.header.sequence:
        codec.decode(data)
        return
    decoder = FrameDecoder(codec, stream.header)
    for frame in stream.frames:
        codec.synthesise(decoder.decode(frame))


def may_predict(data: bytes) -> bool:
    """Whether a stream is a sequence that may hold predicted frames; errors as in `read_header`."""
    return read_header(data)[0].version >= PREDICTION_VERSION


def streams_of_frames(data: bytes) -> list[bytes]:
    """The least that decodes each frame of a stream, without metadata.

    Returns:
        For each frame a still image; where frames may be predicted, the sequence from its key frame to it.

    Raises:
        BitstreamError: the bytes are no valid stream.
    """
    stream = read_stream(data)
    if stream.header.version >= PREDICTION_VERSION:
        return _from_key_frames(stream)
    head = stream.header
    header = StreamHeader(head.width, head.height, head.model_id, head.grey)
    return [write_stream(Stream(header, (replace(frame, timestamp_ms=0),))) for frame in stream.frames]


def last_latents(codec: Codec, data: bytes, temporal: TemporalCodec | None = None) -> LatentImage:
    """Decode a whole sequence, and return the latents of its last frame.

    Args:
        codec: the base codec.
        data: the sequence.
        temporal: with networks of predicted frames; by default those that ship for the codec.

    Raises:
        BitstreamError: the bytes are damaged.
        ModelError: another model's sequence, or one of predicted frames that this model knows nothing of.
    """
    stream = read_stream(data)
    decoder = FrameDecoder(codec, stream.header, temporal)
    return [decoder.decode(frame) for frame in stream.frames][-1]


def _from_key_frames(stream: Stream) -> list[bytes]:
    header, key, found = replace(stream.header, metadata=Metadata()), 0, list[bytes]()
    for number, frame in enumerate(stream.frames):
        key = key if frame.predicted else number
        found.append(write_stream(Stream(header, stream.frames[key : number + 1])))
    return found
