"""Data sets for torch whose pictures are ``.cotam`` streams, decoded in batches."""

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from torch import distributed
from torch.utils.data import Dataset, IterableDataset, get_worker_info

from cotam.data.decoding import EXTENSION, decode_pictures
from cotam.data.listing import open_data_set
from cotam.data.places import Cell, Item, Nowhere
from cotam.errors import BitstreamError, CotamError, DatasetError, ImageError

if TYPE_CHECKING:
    from cotam.codec import Codec

Row = dict[str, Any]
"""``key`` and ``image`` (Pillow), and what else there is: columns of a table, or files of a sample by suffix."""
Change = Callable[[Row], Any]
T = TypeVar("T")


class StreamSet(Dataset[Any]):
    """Rows by number; a ``DataLoader(rows, batch_size=64, collate_fn=list)`` has those of a batch decoded together.

    Args:
        path: a folder of streams, shards (``.tar``) or tables (``.parquet``); a shard or table; ``x-{00..12}.tar``.
        column: of the streams in tables; by default the only one that looks like it.
        transform: what is made of a row; by default it is left as it is.
        codec: of a model of your own; streams of shipped models need none.

    Raises:
        DatasetError: there is no such data set, or a shard or table is damaged.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        column: str | None = None,
        transform: Change | None = None,
        codec: "Codec | None" = None,
    ) -> None:
        self._items = list_streams(path, column)
        self._transform, self._codec = transform, codec

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self._items)

    def __getitem__(self, index: int) -> Any:
        """One row.

        Raises:
            BitstreamError: its stream is damaged; the message names the row.
        """
        return self.__getitems__([index])[0]

    def __getitems__(self, indexes: Sequence[int]) -> list[Any]:
        """Several rows, decoded together."""
        return load_rows([self._items[index] for index in indexes], self._transform, self._codec)


class StreamFeed(IterableDataset[Any]):
    """Rows one after the other, each once, divided among processes and loader workers.

    Use it alone or with a loader: ``DataLoader(feed, batch_size=64, collate_fn=list)`` gives lists of rows. Shuffling
    mixes files, or row groups of tables, and then the rows inside each, so that a row group is read once by whoever
    has rows of it.

    Args:
        path: as for `StreamSet`.
        column: as for `StreamSet`.
        transform: as for `StreamSet`.
        codec: as for `StreamSet`.
        batch: rows that are read and decoded together.
        seed: of the order; None leaves rows as they lie.
        rank: number of this process; by default that of torch.distributed.
        world: how many there are.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        column: str | None = None,
        transform: Change | None = None,
        codec: "Codec | None" = None,
        batch: int = 32,
        seed: int | None = None,
        rank: int | None = None,
        world: int | None = None,
    ) -> None:
        grouped = distributed.is_available() and distributed.is_initialized()
        self._world = world if world is not None else distributed.get_world_size() if grouped else 1
        self._rank = rank if rank is not None else distributed.get_rank() if grouped else 0
        if batch < 1 or not 0 <= self._rank < self._world:
            raise ValueError(f"batch {batch}, rank {self._rank} of {self._world}: these cannot be")
        self._items, self._batch = list_streams(path, column), batch
        self._transform, self._codec = transform, codec
        self._seed, self._epoch = seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of a pass; passes of one number are alike."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[Any]:
        """The rows of this process and worker."""
        worker = get_worker_info()
        parts, part = (worker.num_workers, worker.id) if worker else (1, 0)
        own = islice(self._ordered(), self._rank * parts + part, None, self._world * parts)
        while batch := list(islice(own, self._batch)):
            yield from load_rows(batch, self._transform, self._codec)

    def _ordered(self) -> Iterator[Item]:
        if self._seed is None:
            return iter(self._items)
        order = random.Random(f"{self._seed}/{self._epoch}")
        units = [list(items) for _, items in groupby(self._items, key=_read_together)]
        return (item for unit in _mixed(units, order) for item in _mixed(unit, order))


def list_streams(path: str | Path, column: str | None = None) -> list[Item]:
    """All streams of a data set, in order.

    Raises:
        DatasetError: there is none, or a shard or table is damaged.
    """
    items = list(open_data_set(path, {f".{EXTENSION}"}, column).items())
    if not items:
        raise DatasetError(f"{path}: holds no .{EXTENSION} streams")
    for item in items:
        if isinstance(item.place, Nowhere):
            item.place.read()
    return items


def load_rows(
    items: Sequence[Item], transform: Change | None = None, codec: "Codec | None" = None
) -> list[Any]:
    """Read and decode rows together.

    Raises:
        BitstreamError: a stream is damaged; the message names its row.
        ModelError: a stream is of a model that is neither shipped nor ``codec``; likewise.
        DatasetError: a shard or table is damaged.
    """
    contents = [item.place.read() for item in items]
    try:
        pictures = decode_pictures(contents, codec)
    except CotamError:
        pictures = [_decoded(item.key, content, codec) for item, content in zip(items, contents, strict=True)]
    rows = [
        {"key": item.key, "image": picture, **_fields(item)}
        for item, picture in zip(items, pictures, strict=True)
    ]
    return rows if transform is None else [transform(row) for row in rows]


def _decoded(key: str, content: bytes, codec: "Codec | None") -> Any:
    try:
        return decode_pictures([content], codec)[0]
    except ImageError as error:
        raise BitstreamError(f"{key}: is neither a stream nor a picture") from error
    except CotamError as error:
        raise type(error)(f"{key}: {error}") from error


def _fields(item: Item) -> Row:
    if isinstance(item.place, Cell):
        from cotam.data.tables import fields_of

        return fields_of(item.place)
    return {suffix: span.read() for suffix, span in item.fields}


def _read_together(item: Item) -> tuple[str, int]:
    """What rows that are read at once have in common."""
    return item.unit, item.place.group if isinstance(item.place, Cell) else 0


def _mixed(values: list[T], order: random.Random) -> list[T]:
    return order.sample(values, len(values))
