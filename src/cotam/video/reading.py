"""Frames out of a sequence, in order or by number."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from PIL import Image

from cotam.bitstream import FrameRecord, SequenceReader, StreamHeader
from cotam.codec import Codec, LatentImage, codec_for_model
from cotam.errors import BitstreamError
from cotam.video.frame import Frame

CodecOf = Callable[[bytes], Codec]
"""Finds the codec of a model id."""


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
        for record in self._reader:
            yield Frame(self.codec.synthesise(self._decoded(record)), record.timestamp_ms)

    def timestamp_ms(self, index: int) -> int:
        """Time of a frame; errors as in `SequenceReader.entry`."""
        return self._reader.entry(index).timestamp_ms

    def frame(self, index: int) -> Image.Image:
        """Decode one frame; errors as in `SequenceReader.frame` and of a payload that is damaged."""
        return self.codec.synthesise(self.latents(index))

    def latents(self, index: int) -> LatentImage:
        """Decode one frame to its latents, from the last key frame on; no pixels are made. Errors as in `frame`."""
        for before in range(self._reader.key_frame(index), index):
            self._decoded(self._reader.frame(before))
        return self._decoded(self._reader.frame(index))

    def close(self) -> None:
        """Close the file, if it was opened here."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _decoded(self, record: FrameRecord) -> LatentImage:
        self.quality = record.quality
        return self.codec.decode_frames([(self.header, record)])[0]
