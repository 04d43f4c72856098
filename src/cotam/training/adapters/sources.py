"""What ``--data`` names: LevelVQA, folders of pictures or shards, captions files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cotam.data.listing import expanded
from cotam.errors import TrainingError
from cotam.training.adapters.examples import PictureSource, SceneSource
from cotam.training.adapters.listings import Listed, ListingSource, list_captions, list_folder, list_shard

SCENES: Final = "levelvqa"
"""The name of the pictures that are drawn on the fly."""
LISTS: Final = (".jsonl", ".json")
"""Suffixes of captions files."""


def open_source(
    data: Sequence[str], size: int, *, seed: int = 0, first_scene: int = 0, validation: Path | None = None
) -> PictureSource:
    """Find training pictures.

    Args:
        data: ``levelvqa``, or folders (of pictures, of folders that are classes, or of shards), shards (``.tar``, also
            several as ``x-{000..331}.tar``) and captions files (``.jsonl``).
        size: side of the training pictures in pixels.
        seed: of the choice among listed pictures.
        first_scene: offset of the first LevelVQA scene.
        validation: a folder of pictures to validate on; LevelVQA has its own.

    Raises:
        TrainingError: there is no such data, or none in it.
        ValueError: a first scene, and data that is not LevelVQA.
    """
    if SCENES in data and not Path(SCENES).is_dir():
        if len(data) > 1:
            raise TrainingError(f"{SCENES} cannot be mixed with other data; pass it alone")
        return SceneSource(size, first_scene)
    if first_scene:
        raise ValueError(f"first_scene={first_scene} is for --data {SCENES}; other data has no scenes")
    parts = [_list(path) for name in data for path in expanded(name)]
    texts = parts[0][1] if len(parts) == 1 else ()
    held_out = list_folder(validation)[0] if validation is not None else ()
    return ListingSource([item for part, _ in parts for item in part], texts, size, seed, held_out)


def _list(path: Path) -> tuple[list[Listed], tuple[str, ...]]:
    if path.is_dir():
        return list_folder(path)
    if not path.is_file():
        raise TrainingError(f"{path}: no such folder or file; or pass {SCENES}")
    if path.suffix == ".tar":
        return list_shard(path), ()
    if path.suffix in LISTS:
        return list_captions(path), ()
    raise TrainingError(f"{path}: must be a folder, a captions file (.jsonl) or a shard (.tar)")
