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

from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

from PIL import Image, ImageFile, ImageSequence

from cotam.bitstream import SequenceReader, StreamHeader, read_header, read_stream
from cotam.bitstream.limits import MAGIC, MAX_METADATA_BYTES, MAX_QUALITY, MIN_QUALITY, QUALITY_STEP
from cotam.errors import BitstreamError, CotamError

if TYPE_CHECKING:
    from cotam.codec import Codec
    from cotam.video import VideoReader

FORMAT = "COTAM"
"""Pillow's name of the format."""
EXTENSION = ".cotam"
"""Suffix of its files."""
MIME_TYPE = "image/x-cotam"
"""Its MIME type."""
DEFAULT_QUALITY = 40
"""Quality of ``save`` without one."""
DEFAULT_DURATION = 100
"""Milliseconds that a frame lasts if nobody says."""

LONGEST_HEADER = MAX_METADATA_BYTES + 256
"""No header has more bytes: the metadata, their lengths and 20 bytes more."""
EXIF_PREFIX = b"Exif\0\0"
METADATA_KEYS = ("exif", "icc_profile", "xmp")

_given_codec: "Codec | None" = None


def register(codec: "Codec | None" = None) -> None:
    """Make Pillow open and save .cotam; a second call replaces the codec.

    Args:
        codec: encodes, and decodes the streams of its model, in place of the shipped models on the CPU.
    """
    global _given_codec
    _given_codec = codec
    Image.register_open(FORMAT, CotamImageFile, _accept)
    Image.register_save(FORMAT, _save)
    Image.register_save_all(FORMAT, _save_all)
    Image.register_extension(FORMAT, EXTENSION)
    Image.register_mime(FORMAT, MIME_TYPE)


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
        if not _accept(head):
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
            self._video = VideoReader(self.fp, _codec_of)
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


def _accept(prefix: bytes) -> bool:
    return prefix.startswith(MAGIC)


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
    return _codec_of(read_header(data)[0].model_id).decode(data)


def _codec_of(model_id: bytes) -> "Codec":
    if _given_codec is not None and model_id == _given_codec.model_id:
        return _given_codec
    from cotam.codec import codec_for_model

    return codec_for_model(model_id)


def _save(image: Image.Image, fp: IO[bytes], filename: str | bytes) -> None:
    options: dict[str, Any] = image.encoderinfo
    quality, target_bytes = _rate(options)
    source, keep_metadata = _with_metadata(image, options)
    fp.write(_encoded(source, quality, target_bytes=target_bytes, keep_metadata=keep_metadata))


def _save_all(image: Image.Image, fp: IO[bytes], filename: str | bytes) -> None:
    """Write all frames of ``image`` and of ``append_images`` as a sequence."""
    from cotam.video import VideoEncoder

    options: dict[str, Any] = image.encoderinfo
    quality, target_bytes = _rate(options)
    if options.get("keep_metadata") or any(options.get(key) for key in METADATA_KEYS):
        raise ValueError("save_all stores no metadata; leave out keep_metadata, exif, icc_profile and xmp")
    images = [image, *options.get("append_images", ())]
    grey = all(each.mode == "L" and getattr(each, "n_frames", 1) == 1 for each in images)
    time, place = 0, image.tell()
    with VideoEncoder(fp, _given_codec, quality, target_bytes=target_bytes) as encoder:
        frames = chain.from_iterable(ImageSequence.Iterator(each) for each in images)
        for frame, duration in zip(frames, _durations(options.get("duration")), strict=False):
            encoder.add(frame if grey else frame.convert("RGB"), time)
            time += frame.info.get("duration", DEFAULT_DURATION) if duration is None else duration
    image.seek(place)


def _durations(given: Any) -> Iterator[int | None]:
    """How long each frame lasts, without end; None where the frame says itself."""
    listed: Iterable[int | None] = given if isinstance(given, list | tuple) else ()
    return chain(listed, repeat(None if isinstance(given, list | tuple) else given))


def _rate(options: dict[str, Any]) -> tuple[float, int | None]:
    quality, target_bytes = options.get("quality"), options.get("target_bytes")
    if quality is not None and target_bytes is not None:
        raise ValueError("quality and target_bytes exclude each other: give one")
    return DEFAULT_QUALITY if quality is None else _checked_quality(quality), target_bytes


def _checked_quality(quality: Any) -> float:
    number = isinstance(quality, int | float) and not isinstance(quality, bool)
    if not number or not MIN_QUALITY <= quality <= MAX_QUALITY:
        raise ValueError(f"quality must be a number from {MIN_QUALITY:g} to {MAX_QUALITY:g}, not {quality!r}")
    return float(quality)


def _with_metadata(image: Image.Image, options: dict[str, Any]) -> tuple[Image.Image, bool]:
    """The picture with the metadata to be stored in its ``info``, and whether there may be any."""
    given = {key: options[key] for key in METADATA_KEYS if key in options}
    keep = bool(options.get("keep_metadata", False))
    if not given:
        return image, keep
    if isinstance(given.get("exif"), Image.Exif):
        given["exif"] = given["exif"].tobytes()
    dropped = () if keep else METADATA_KEYS
    source = image.copy()
    source.info = {key: value for key, value in image.info.items() if key not in dropped}
    source.info.update(given)
    return source, True


def _encoded(image: Image.Image, quality: float, **options: Any) -> bytes:
    if _given_codec is not None:
        return _given_codec.encode(image, quality, **options)
    import cotam

    return cotam.encode(image, quality, **options)
