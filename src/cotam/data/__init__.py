"""Data sets of pictures: where they lie, and reading those that are ``.cotam`` streams.

::

    rows = StreamSet("streams")                       # map-style: a folder, shards (.tar) or tables (.parquet)
    rows[3]["image"]                                  # a Pillow image, with the other fields beside it
    StreamFeed("shards", batch=64, seed=0)            # iterable: shuffled, divided among processes and workers

    with_pictures(datasets.load_dataset(...))         # Hugging Face's `datasets`
    webdataset.WebDataset("shards-{0..9}.tar").decode(decode_sample, "pil")
"""

from typing import Any

_HOME = {
    "StreamFeed": "sets",
    "StreamSet": "sets",
    "decode_pictures": "decoding",
    "decode_rows": "decoding",
    "decode_sample": "decoding",
    "with_pictures": "decoding",
}

__all__ = ["StreamFeed", "StreamSet", "decode_pictures", "decode_rows", "decode_sample", "with_pictures"]


def __getattr__(name: str) -> Any:
    """Import on first use: listing a data set needs no torch."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
