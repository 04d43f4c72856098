"""Decoding the rows of Hugging Face's `datasets` and the samples of WebDataset; neither is imported here."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from cotam.bitstream import read_stream
from cotam.bitstream.limits import MAGIC

if TYPE_CHECKING:
    from cotam.codec import Codec

EXTENSION: Final = "cotam"
"""Suffix of streams in a shard."""


def with_pictures(rows: Any, column: str = "image", *, codec: "Codec | None" = None) -> Any:
    """Give a data set of Hugging Face's `datasets` pictures in place of streams; each batch is decoded together.

    Its own ``Image`` feature opens streams too, one by one, after `cotam.pillow_plugin.register`.

    Args:
        rows: a ``Dataset``, ``DatasetDict``, or of their iterable kinds.
        column: of the pictures.
        codec: see `decode_pictures`.
    """
    from functools import partial

    import datasets

    raw = rows.cast_column(column, datasets.Image(decode=False))
    decode = partial(decode_rows, column=column, codec=codec)
    iterable = isinstance(rows, datasets.IterableDataset | datasets.IterableDatasetDict)
    return raw.map(decode, batched=True) if iterable else raw.with_transform(decode)


def decode_rows(
    rows: Mapping[str, Any], column: str = "image", *, codec: "Codec | None" = None
) -> dict[str, Any]:
    """Decode a batch of rows of Hugging Face's `datasets`.

    Args:
        rows: columns of a batch; ``column`` holds bytes, or ``{"bytes": ..., "path": ...}`` as ``Image(decode=False)``
            gives it. Pictures of other formats are opened by Pillow.
        column: its name.
        codec: see `decode_pictures`.

    Returns:
        The columns with Pillow images in ``column``; None stays None.

    Raises:
        BitstreamError, ImageError: a picture is damaged.
        KeyError: there is no such column.
    """
    return {**rows, column: decode_pictures(rows[column], codec)}


def decode_pictures(values: Iterable[Any], codec: "Codec | None" = None) -> list[Image.Image | None]:
    """Decode pictures; streams of one size go through the networks together.

    Args:
        values: as in `decode_rows`.
        codec: of a model of your own, for its streams; those of shipped models need none.

    Raises:
        BitstreamError, ImageError: a picture is damaged.
        ModelError: a stream of another model.
    """
    contents = [_content(value) for value in values]
    streams = [number for number, content in enumerate(contents) if content and content.startswith(MAGIC)]
    decoded = dict(
        zip(streams, _decode_streams([contents[number] or b"" for number in streams], codec), strict=True)
    )
    return [
        decoded[number] if number in decoded else _ordinary(content)
        for number, content in enumerate(contents)
    ]


def decode_sample(key: str, data: Any, *, codec: "Codec | None" = None) -> Image.Image | None:
    """Decode a file of a WebDataset sample, as a handler for ``.decode``.

    For a model of your own: ``functools.partial(decode_sample, codec=load_codec(FILE))``.

    Args:
        key: the file's suffix, such as ``cotam`` or ``left.cotam``.
        data: its bytes.
        codec: see `decode_pictures`.

    Returns:
        The picture; None for other files, which leaves them to the next handler.

    Raises:
        BitstreamError: the stream is damaged.
    """
    if key.rpartition(".")[2].lower() != EXTENSION or not isinstance(data, bytes):
        return None
    return _decode_streams([data], codec)[0]


def _decode_streams(streams: list[bytes], own: "Codec | None") -> list[Image.Image]:
    codecs = [_codec_for(stream, own) for stream in streams]
    if len(set(map(id, codecs))) == 1:
        return codecs[0].decode_batch(streams)
    return [codec.decode(stream) for codec, stream in zip(codecs, streams, strict=True)]


def _codec_for(stream: bytes, own: "Codec | None") -> "Codec":
    from cotam.codec.loading import codec_for_model

    model_id = read_stream(stream).header.model_id
    return own if own is not None and own.model_id == model_id else codec_for_model(model_id)


def _content(value: Any) -> bytes | None:
    if isinstance(value, Mapping):
        stored, path = value.get("bytes"), value.get("path")
        return stored if stored is not None or path is None else Path(path).read_bytes()
    return value


def _ordinary(content: bytes | None) -> Image.Image | None:
    if content is None:
        return None
    from cotam.images import load_image

    return Image.fromarray(load_image(content).pixels)
