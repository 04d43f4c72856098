"""Where the pictures of an analysis come from: a folder, or scenes of LevelVQA."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cotam.errors import ImageError
from cotam.evaluation.rate import Unreadable, pictures_of
from cotam.evaluation.rivals import Pixels
from cotam.images import load_image
from cotam.levelvqa import scene, split_seeds

SPLIT = "test"
"""Split of LevelVQA whose scenes are looked at."""


@dataclass(frozen=True)
class PictureFolder:
    """The pictures of a folder and of those below it."""

    folder: Path

    def __len__(self) -> int:
        """Files with a picture's suffix.

        Raises:
            ImageError: there is no such folder, or no picture in it.
        """
        return len(pictures_of(self.folder))

    @property
    def description(self) -> str:
        """For reports; only the folder's own name."""
        return f"pictures of {self.folder.resolve().name}"

    def names(self) -> Iterable[str]:
        """Paths below the folder."""
        return (path.relative_to(self.folder).as_posix() for path in pictures_of(self.folder))

    def load(self, name: str) -> Pixels | Unreadable:
        """Read one."""
        try:
            return load_image(self.folder / name).pixels
        except ImageError as error:
            return Unreadable(name, str(error))


@dataclass(frozen=True)
class LevelvqaScenes:
    """The first scenes of a split of LevelVQA."""

    num: int

    def __post_init__(self) -> None:
        """Refuse a number that the split does not have."""
        split_seeds(SPLIT, self.num)

    def __len__(self) -> int:
        """Scenes."""
        return self.num

    @property
    def description(self) -> str:
        """For reports."""
        return f"LevelVQA scenes, {SPLIT} split"

    def names(self) -> Iterator[str]:
        """Seeds."""
        return map(str, split_seeds(SPLIT, self.num))

    def load(self, name: str) -> Pixels | Unreadable:
        """Draw one."""
        return np.asarray(scene(int(name)).image.convert("RGB"))


Source = PictureFolder | LevelvqaScenes
