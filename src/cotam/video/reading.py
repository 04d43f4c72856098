"""Frames out of a sequence, in order or by number."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from PIL import Image

from cotam.bitstream import FrameRecord, SequenceReader, StreamHeader
from cotam.bitstream.limits import PREDICTION_VERSION
from cotam.codec import Codec, LatentImage, codec_for_model
from cotam.codec.frame_decoding import FrameDecoder
from cotam.errors import BitstreamError
from cotam.video.frame import Frame

CodecOf = Callable[[bytes], Codec]
"""Finds the codec of a model id."""
Decode = Callable[[FrameRecord], LatentImage]
"""Decodes the frames that it is given one after another."""


class VideoReader:
    """Decodes a sequence from a file or pipe, one frame in memory at a time.

    Iteration yields every `Frame`, its picture in mode RGB, or L of a grey sequence. Of a file, `frame` and `latents`
    decode any frame by its number; the payloads of the others are not read.
    """

    def __init__(
        self,
        source: str | Path | BinaryIO,
        codec: Codec | CodecOf | None = None,
        *,
        salvage: bool = False,
    ) -> None:
        """Read the header.

        Args:
            source: the file, or an open one.
            codec: that made the sequence, or what finds it by the model's id; by default, one that ships.
            salvage: take the whole frames of a sequence that is cut off or damaged; ``damage`` says what was found.

        Raises:
            BitstreamError: no cotam stream, a damaged header, or a still image.
            ModelError: the sequence was made with another model.
            OSError: the file cannot be opened.
        """
        with ExitStack() as opened:
            file = opened.enter_context(open(source, "rb")) if isinstance(source, str | Path) else source
            self._reader = SequenceReader(file, salvage=salvage)
            find = codec_for_model if codec is None else codec
            self.codec = find if isinstance(find, Codec) else find(self.header.model_id)
            self.quality = 0.0
            """Of the frame that was decoded last, 1 to 100; 0 before the first."""
            self._decoded_last = -1
            self._opened = opened.pop_all()

    @property
    def header(self) -> StreamHeader:
        """What is true of all frames."""
        return self._reader.header

    @property
    def damage(self) -> BitstreamError | None:
        """What ended the sequence too early, as far as it was read; None unless it is salvaged."""
        return self._reader.damage

    def count(self) -> int:
        """Number of frames; errors as in `SequenceReader.count`."""
        return self._reader.count()

    def __iter__(self) -> Iterator[Frame]:
        """Decode all frames in order.

        Raises:
            BitstreamError: damage, after the frames before it, unless it is salvaged.
            ModelError: a frame is predicted, and the model knows no prediction.
        """
        decode = self._decoder()
        for record in self._reader:
            self.quality = record.quality
            yield Frame(self.codec.synthesise(decode(record)), record.timestamp_ms)

    def timestamp_ms(self, index: int) -> int:
        """Time of a frame; errors as in `SequenceReader.entry`."""
        return self._reader.entry(index).timestamp_ms

    def frame(self, index: int) -> Image.Image:
        """Decode one frame; errors as in `SequenceReader.frame` and of a payload that is damaged."""
        return self.codec.synthesise(self.latents(index))

    def latents(self, index: int) -> LatentImage:
        """Decode one frame to its latents, from the last key frame on; no pixels are made. Errors as in `frame`."""
        start = self._reader.key_frame(index)
        if start <= self._decoded_last < index:
            start = self._decoded_last + 1
        self._decoded_last = -1
        for number in range(start, index + 1):
            record = self._reader.frame(number)
            image = self._decode(record)
        self.quality, self._decoded_last = record.quality, index
        return image

    def close(self) -> None:
        """Close the file, if it was opened here."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @cached_property
    def _decode(self) -> Decode:
        """For frames by their number."""
        return self._decoder()

    def _decoder(self) -> Decode:
        """A decoder of its own for whoever goes through the frames."""
        if self.header.version < PREDICTION_VERSION:
            return lambda record: self.codec.decode_frames([(self.header, record)])[0]
        return FrameDecoder(self.codec, self.header).decode
