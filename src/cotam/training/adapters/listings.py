"""Training pictures out of folders, captions files and WebDataset shards: random squares, found by number."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cotam.data.listing import is_picture
from cotam.data.shards import read_samples
from cotam.errors import DatasetError, ImageError, TrainingError
from cotam.images import find_images, load_image
from cotam.images.finding import image_suffixes
from cotam.training.adapters.examples import UNKNOWN, Example

LEAST_SHARE = 0.5
"""Smallest side of a square, as a share of the picture's shorter side."""
TRIALS = 16
"""Pictures in a row that may be damaged."""
CAPTIONS = ("txt", "json")
"""Suffixes of captions beside pictures; the first that is there counts."""
PROMPT = "a photo of a {}"
"""CLIP's plain prompt for a class name (Radford et al., 2021)."""


class Listed(NamedTuple):
    """Where a picture is (a file, or bytes of a shard from ``offset`` on), and what is known of it."""

    path: Path
    label: int = UNKNOWN
    caption: str = ""
    offset: int = 0
    length: int = -1

    def load(self) -> NDArray[np.uint8]:
        """Read it, uint8 (H, W, 3)."""
        if self.length < 0:
            return load_image(self.path).pixels
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return load_image(file.read(self.length)).pixels


class ListingSource:
    """Random squares of listed pictures.

    Args:
        listed: the pictures.
        texts: a sentence for each class.
        size: side of the squares, after resizing.
        seed: of the choice.
        validation: pictures to validate on; by default the first ones that are trained on.
    """

    def __init__(
        self,
        listed: Sequence[Listed],
        texts: tuple[str, ...],
        size: int,
        seed: int = 0,
        validation: Sequence[Listed] = (),
    ) -> None:
        self.listed, self.texts, self.size, self.seed = listed, texts, size, seed
        self.validation = validation or listed

    def examples(self, index: int, count: int) -> list[Example]:
        """See `PictureSource`."""
        rng = np.random.default_rng([self.seed, index])
        return [self._draw(rng) for _ in range(count)]

    def held_out(self, count: int) -> list[NDArray[np.uint8]]:
        """See `PictureSource`: the largest square in the middle of each."""
        return [_square(item.load(), self.size, 1.0, 0.5, 0.5) for item in self.validation[:count]]

    def _draw(self, rng: np.random.Generator) -> Example:
        for _ in range(TRIALS):
            item = self.listed[int(rng.integers(len(self.listed)))]
            share, across, down = rng.uniform(LEAST_SHARE, 1.0), rng.random(), rng.random()
            try:
                return Example(_square(item.load(), self.size, share, across, down), item.label, item.caption)
            except ImageError:
                continue
        raise TrainingError(
            f"{self.listed[0].path.parent}: {TRIALS} damaged pictures in a row; check the data"
        )


def list_folder(folder: Path) -> tuple[list[Listed], tuple[str, ...]]:
    """List the pictures of a folder; if all lie in folders below, two or more, these are the classes.

    Returns:
        The pictures, and a sentence for each class.

    Raises:
        TrainingError: there is no picture, or shards lie beside pictures.
    """
    if shards := sorted(folder.rglob("*.tar")):
        return [item for shard in shards for item in list_shard(shard)], ()
    paths = find_images(folder)
    if not paths:
        raise TrainingError(f"{folder}: neither pictures nor shards (.tar) are in this folder")
    names = sorted({path.relative_to(folder).parts[0] for path in paths})
    if len(names) < 2 or any(path.parent == folder for path in paths):
        return [Listed(path) for path in paths], ()
    listed = [Listed(path, names.index(path.relative_to(folder).parts[0])) for path in paths]
    return listed, tuple(PROMPT.format(name.replace("_", " ")) for name in names)


def list_captions(file: Path) -> list[Listed]:
    """List the pictures of a captions file: JSON lines with ``image``, a path from the file's folder, and ``caption``.

    Raises:
        TrainingError: a line is none of that, or there is none.
    """
    listed = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            listed.append(Listed(file.parent / row["image"], caption=str(row["caption"])))
        except (ValueError, TypeError, KeyError) as error:
            raise TrainingError(
                f'{file}, line {number}: must be {{"image": "x.jpg", "caption": "..."}}'
            ) from error
    if not listed:
        raise TrainingError(f"{file}: holds no line with a picture")
    return listed


def list_shard(shard: Path) -> list[Listed]:
    """List the pictures of a WebDataset shard, a tar file of ``key.jpg`` beside ``key.txt`` or ``key.json``.

    The pictures stay where they are and are read by their place in the file.

    Raises:
        TrainingError: it is no plain tar file.
    """
    suffixes, listed = image_suffixes(), []
    try:
        for sample in read_samples(shard):
            texts = [suffix for suffix in CAPTIONS if suffix in sample.members]
            caption = _caption(sample.members[texts[0]].read(), texts[0]) if texts else ""
            pictures = [span for suffix, span in sample.members.items() if is_picture(suffix, suffixes)]
            listed += [Listed(shard, UNKNOWN, caption, span.start, span.length) for span in pictures]
    except (DatasetError, ValueError) as error:
        raise TrainingError(f"{shard}: no uncompressed tar file as WebDataset writes it ({error})") from error
    return listed


def _caption(content: bytes, suffix: str) -> str:
    if suffix == "txt":
        return content.decode().strip()
    row = json.loads(content)
    return str(row.get("caption", "")) if isinstance(row, dict) else ""


def _square(
    pixels: NDArray[np.uint8], size: int, share: float, across: float, down: float
) -> NDArray[np.uint8]:
    """Cut a square whose side is a share of the shorter side, and resize it."""
    height, width = pixels.shape[:2]
    side = max(round(min(height, width) * share), 1)
    top, left = round((height - side) * down), round((width - side) * across)
    square = Image.fromarray(pixels[top : top + side, left : left + side])
    return np.array(square.resize((size, size), Image.Resampling.BICUBIC))
