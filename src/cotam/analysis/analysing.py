"""From pictures to measures: coding runs ahead in threads of its own, and what is done is kept."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cotam.analysis.coding import CodingPlan, Version, code_versions
from cotam.analysis.kept_measures import Keeper, PictureMeasures, combined, tower_identity
from cotam.analysis.measuring import DEFAULT_BATCH, measure_versions
from cotam.analysis.results import Results, stacked
from cotam.analysis.sources import Source
from cotam.errors import ImageError
from cotam.evaluation.rate import Unreadable
from cotam.evaluation.rivals import Pixels

if TYPE_CHECKING:
    from cotam.vision import Tower

CODERS: Final = 2
"""Pictures that are coded at once, while another one goes through the tower."""
AHEAD: Final = 3
"""Pictures that are coded or waiting to be measured, at most."""


@dataclass(frozen=True, eq=False)
class _Coded:
    """A picture on its way: with versions to measure, or with measures that were kept."""

    name: str
    pixels: Pixels
    path: Path
    kept: PictureMeasures | None
    versions: list[Version]


def analyse(
    tower: "Tower",
    source: Source,
    plan: CodingPlan,
    keep: Path,
    *,
    batch: int = DEFAULT_BATCH,
    advance: Callable[[int], None] = lambda pictures: None,
) -> tuple[Results, list[Unreadable]]:
    """Measure every picture, or take what was measured of it before.

    Args:
        tower: gives attention weights.
        source: the pictures; of any sizes, since the tower resizes them.
        plan: how they are coded.
        keep: folder for the measures of single pictures; a run that was cut off goes on from there.
        batch: most pictures that go through the tower at once.
        advance: is told of finished pictures, by their number.

    Returns:
        The measures of all pictures, and the files that could not be read or coded.

    Raises:
        ImageError: no picture could be read, or the folder cannot be written.
        ModelError: the tower gives no attention weights.
    """
    try:
        keep.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImageError(f"{keep}: cannot be made ({error.strerror})") from error
    keeper = Keeper(keep, tower_identity(tower), plan.identity)
    names, measures, unreadable = [], [], []
    with _ahead(source, plan, keeper) as coded:
        for picture in coded:
            if isinstance(picture, Unreadable):
                unreadable.append(picture)
            else:
                names.append(picture.name)
                measures.append(_measured(tower, plan, keeper, picture, batch))
            advance(1)
    if not names:
        raise ImageError(f"{source.description}: none can be read; the first: {unreadable[0].reason}")
    return stacked(plan, names, measures, tower.grid(*tower.input_size)), unreadable


def _measured(
    tower: "Tower", plan: CodingPlan, keeper: Keeper, picture: _Coded, batch: int
) -> PictureMeasures:
    if picture.kept is not None:
        return picture.kept
    pixels = [picture.pixels, *(version.pixels for version in picture.versions)]
    measures = combined(plan, picture.versions, measure_versions(tower, pixels, batch))
    keeper.save(picture.path, measures)
    return measures


@contextmanager
def _ahead(source: Source, plan: CodingPlan, keeper: Keeper) -> Iterator[Iterator[_Coded | Unreadable]]:
    """Code pictures in threads, at most `AHEAD` before they are asked for; what is left is dropped at the end."""
    pool = ThreadPoolExecutor(CODERS, "coding")

    def results() -> Iterator[_Coded | Unreadable]:
        waiting: deque[Future[_Coded | Unreadable]] = deque()
        for name in source.names():
            waiting.append(pool.submit(_code, source, plan, keeper, name))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    try:
        yield results()
    finally:
        pool.shutdown(cancel_futures=True)


def _code(source: Source, plan: CodingPlan, keeper: Keeper, name: str) -> _Coded | Unreadable:
    pixels = source.load(name)
    if isinstance(pixels, Unreadable):
        return pixels
    path = keeper.path(pixels)
    kept = keeper.load(path)
    try:
        return _Coded(name, pixels, path, kept, [] if kept else code_versions(plan, name, pixels))
    except ImageError as error:
        return Unreadable(name, str(error))
