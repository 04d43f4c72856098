""".cotam streams as pictures of Pillow: the header at once, pixels and frames when they are needed."""

from typing import TYPE_CHECKING, Any, BinaryIO, cast

from PIL import Image, ImageFile

from cotam.bitstream import SequenceReader, StreamHeader, read_header, read_stream
from cotam.bitstream.limits import MAGIC, MAX_METADATA_BYTES, QUALITY_STEP
from cotam.errors import BitstreamError, CotamError
from cotam.pillow_plugin.given_codec import codec_of

if TYPE_CHECKING:
    from cotam.video import VideoReader

FORMAT = "COTAM"
"""Pillow's name of the format."""
DEFAULT_DURATION = 100
"""Milliseconds that a frame lasts if nobody says."""
LONGEST_HEADER = MAX_METADATA_BYTES + 256
"""No header has more bytes: the metadata, their lengths and 20 bytes more."""
EXIF_PREFIX = b"Exif\0\0"


def accepts(prefix: bytes) -> bool:
    """Whether a file that begins so is a cotam stream."""
    return prefix.startswith(MAGIC)


class CotamImageFile(ImageFile.ImageFile):
    """A .cotam stream that Pillow opened; made by ``Image.open``."""

    format = FORMAT
    format_description = "cotam, image coding for multimodal LLMs"
    _close_exclusive_fp_after_loading = False  # other frames may be asked for
    _start = 0  # of the stream in its file
    _reader: SequenceReader | None = None  # of a sequence
    _video: "VideoReader | None" = None  # of a sequence, from the first frame that is decoded
    _frame = 0

    def _open(self) -> None:
        """Read the header; no pixels are decoded or allocated."""
        assert self.fp is not None
        self._start = self.fp.tell()
        head = self.fp.read(LONGEST_HEADER)
        if not accepts(head):
            raise SyntaxError("not a cotam stream")
        try:
            header, end = read_header(head)
        except BitstreamError as error:
            raise OSError(f"damaged cotam stream: {error}") from error
        self._size = header.width, header.height
        self._mode = "L" if header.grey else "RGB"
        self.info.update(_info(header, head[end : end + 2]))
        if header.sequence:
            self.fp.seek(self._start)
            self._reader = SequenceReader(cast(BinaryIO, self.fp))

    @property
    def n_frames(self) -> int:
        """Number of frames; of a sequence, their lengths are hopped over.

        Raises:
            OSError: the sequence is damaged.
        """
        if self._reader is None:
            return 1
        try:
            return self._reader.count()
        except BitstreamError as error:
            raise OSError(f"damaged cotam stream: {error}") from error

    @property
    def is_animated(self) -> bool:
        """Whether there is more than one frame."""
        return self.n_frames > 1

    def seek(self, frame: int) -> None:
        """Go to a frame; it is decoded when its pixels are needed.

        Raises:
            EOFError: there is no such frame.
            OSError: the stream is damaged on the way.
        """
        if self._reader is None or frame == self._frame:
            super().seek(frame)
            return
        try:
            entry = self._reader.entry(frame)
        except IndexError as error:
            raise EOFError(str(error)) from error
        except BitstreamError as error:
            raise OSError(f"damaged cotam stream: {error}") from error
        self._frame, self._im = frame, None
        self.info["timestamp"] = entry.timestamp_ms

    def tell(self) -> int:
        """Number of the frame that the picture is now, from 0."""
        return self._frame

    def load(self) -> Any:
        """Decode the pixels, once.

        Raises:
            OSError: the stream is damaged, or its model is not here.
        """
        if self._im is None and self.fp is not None:
            try:
                self.im = _decoded(self._stream()).im if self._reader is None else self._decoded_frame().im
            except CotamError as error:
                raise OSError(f"cotam stream cannot be decoded: {error}") from error
            if self._reader is not None:
                return super().load()
            if getattr(self, "_exclusive_fp", False):
                self.fp.close()
            self.fp = None
        return super().load()

    def verify(self) -> None:
        """Check the checksum and the structure of the whole stream without decoding it.

        Raises:
            OSError: the stream is damaged.
        """
        if self.fp is not None:
            try:
                read_stream(self._stream())
            except BitstreamError as error:
                raise OSError(f"damaged cotam stream: {error}") from error
        super().verify()

    def _decoded_frame(self) -> Image.Image:
        """Decode the frame that was gone to, and say in ``info`` what it is."""
        assert self._reader is not None
        assert self.fp is not None
        if self._video is None:
            from cotam.video import VideoReader

            self.fp.seek(self._start)
            self._video = VideoReader(self.fp, codec_of)
        image = self._video.frame(self._frame)
        begins = self._reader.entry(self._frame).timestamp_ms
        try:
            until = self._reader.entry(self._frame + 1).timestamp_ms
        except (IndexError, BitstreamError):  # the last frame, or the last that is whole
            until = begins + DEFAULT_DURATION
        self.info.update(quality=self._video.quality, timestamp=begins, duration=until - begins)
        return image

    def _stream(self) -> bytes:
        assert self.fp is not None
        self.fp.seek(self._start)
        return self.fp.read()


def _info(header: StreamHeader, body: bytes) -> dict[str, Any]:
    """What goes into ``image.info``; ``body`` begins as the frame's body does."""
    from cotam.checkpoint import known_models

    model_id, kept = header.model_id.hex(), header.metadata
    names = {card.model_id: card.name for card in known_models()}
    info: dict[str, Any] = {"model": names.get(model_id, model_id), "model_id": model_id}
    if not header.sequence and len(body) == 2:
        info["quality"] = int.from_bytes(body, "little") * QUALITY_STEP
    exif = kept.exif
    if exif is not None and not exif.startswith(EXIF_PREFIX):
        exif = EXIF_PREFIX + exif
    metadata = {"exif": exif, "icc_profile": kept.icc, "xmp": kept.xmp}
    return info | {key: value for key, value in metadata.items() if value is not None}


def _decoded(data: bytes) -> Image.Image:
    return codec_of(read_header(data)[0].model_id).decode(data)
