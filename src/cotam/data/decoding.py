"""Decoding the rows of Hugging Face's `datasets` and the samples of WebDataset; neither is imported here."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from PIL import Image

from cotam.bitstream.limits import MAGIC

EXTENSION: Final = "cotam"
"""Suffix of streams in a shard."""


def with_pictures(rows: Any, column: str = "image") -> Any:
    """Give a data set of Hugging Face's `datasets` pictures in place of streams; each batch is decoded together.

    Its own ``Image`` feature opens streams too, one by one, after `cotam.pillow_plugin.register`.

    Args:
        rows: a ``Dataset``, ``DatasetDict``, or of their iterable kinds.
        column: of the pictures.
    """
    from functools import partial

    import datasets

    raw = rows.cast_column(column, datasets.Image(decode=False))
    decode = partial(decode_rows, column=column)
    iterable = isinstance(rows, datasets.IterableDataset | datasets.IterableDatasetDict)
    return raw.map(decode, batched=True) if iterable else raw.with_transform(decode)


def decode_rows(rows: Mapping[str, Any], column: str = "image") -> dict[str, Any]:
    """Decode a batch of rows of Hugging Face's `datasets`.

    Args:
        rows: columns of a batch; ``column`` holds bytes, or ``{"bytes": ..., "path": ...}`` as ``Image(decode=False)``
            gives it. Pictures of other formats are opened by Pillow.
        column: its name.

    Returns:
        The columns with Pillow images in ``column``; None stays None.

    Raises:
        BitstreamError, ImageError: a picture is damaged.
        KeyError: there is no such column.
    """
    return {**rows, column: decode_pictures(rows[column])}


def decode_pictures(values: Iterable[Any]) -> list[Image.Image | None]:
    """Decode pictures; streams of one size go through the networks together."""
    contents = [_content(value) for value in values]
    streams = [number for number, content in enumerate(contents) if content and content.startswith(MAGIC)]
    decoded = dict(
        zip(streams, _decode_streams([contents[number] or b"" for number in streams]), strict=True)
    )
    return [
        decoded[number] if number in decoded else _ordinary(content)
        for number, content in enumerate(contents)
    ]


def decode_sample(key: str, data: Any) -> Image.Image | None:
    """Decode a file of a WebDataset sample, as a handler for ``.decode``.

    Args:
        key: the file's suffix, such as ``cotam`` or ``left.cotam``.
        data: its bytes.

    Returns:
        The picture; None for other files, which leaves them to the next handler.

    Raises:
        BitstreamError: the stream is damaged.
    """
    if key.rpartition(".")[2].lower() != EXTENSION or not isinstance(data, bytes):
        return None
    return _decode_streams([data])[0]


def _decode_streams(streams: list[bytes]) -> list[Image.Image]:
    from cotam.codec.loading import codec_for_stream

    codecs = [codec_for_stream(stream) for stream in streams]
    if len(set(map(id, codecs))) == 1:
        return codecs[0].decode_batch(streams)
    return [codec.decode(stream) for codec, stream in zip(codecs, streams, strict=True)]


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
