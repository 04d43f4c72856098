"""WebDataset shards: tar files in which files that share a name up to the first dot are one sample."""

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cotam.data.places import Span
from cotam.errors import DatasetError

NAME = re.compile(r"((?:.*/)?[^./][^.]*)\.([^/]+)", re.DOTALL)
"""Key and suffix of a member, as WebDataset parts them; hidden files have no key."""


class Sample(NamedTuple):
    """Files of a shard that belong together."""

    key: str
    """What their names have in common."""
    members: dict[str, Span]
    """Where each lies, by suffix without the first dot."""


def read_samples(shard: Path) -> Iterator[Sample]:
    """The samples of a shard in order; the files stay where they are.

    Raises:
        DatasetError: it is no plain tar file, or damaged from some place on.
    """
    sample = Sample("", {})
    try:
        with tarfile.open(shard, "r:") as file:
            for member in file:
                found = NAME.fullmatch(member.name)
                if not member.isreg() or member.issparse() or found is None:
                    continue
                if found[1] != sample.key:
                    if sample.members:
                        yield sample
                    sample = Sample(found[1], {})
                sample.members[found[2]] = Span(str(shard), member.offset_data, member.size)
                file.members.clear()  # type: ignore[attr-defined]  # else every header stays in memory
    except (tarfile.TarError, OSError, ValueError) as error:
        if sample.members:
            yield sample
        raise DatasetError(f"{shard}: no whole uncompressed tar file ({error})") from error
    if sample.members:
        yield sample


def named_samples(shard: Path) -> Iterator[Sample]:
    """The samples of a shard whose keys serve as names.

    Raises:
        DatasetError: as of `read_samples`; or a key comes again after another sample.
    """
    met: set[str] = set()
    for sample in read_samples(shard):
        if sample.key in met:
            raise DatasetError(
                f"{shard}: holds two samples named {sample.key}; the second and the rest are left out"
            )
        met.add(sample.key)
        yield sample
