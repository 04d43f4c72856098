"""Pictures become a tower's input: size, constants, interpolation."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from cotam.errors import ModelError
from cotam.vision import Tower, load_tower
from cotam.vision.family import Family
from cotam.vision.registry import FAMILIES

Towers = Callable[[str], Tower]


def loaded_with(folder: Path, content: object, file: str = "preprocessor_config.json") -> Tower:
    """The tower of a folder in which a file of constants is written first."""
    (folder / file).write_text(content if isinstance(content, str) else json.dumps(content))
    return load_tower(folder)


@pytest.fixture
def folder(checkpoint: Callable[[str], Path], tmp_path: Path) -> Path:
    """A DINOv2 checkpoint that a test may add to."""
    return shutil.copytree(checkpoint("dinov2"), tmp_path / "dinov2")


def test_a_batch_is_squashed_bicubically_and_normalised(tower: Towers, make_picture: Any) -> None:
    t = tower("clip")
    pictures = [make_picture(90, 200), make_picture(70, 70, seed=1), make_picture(20, 33, seed=2)]
    batch = t.preprocess(pictures)
    assert batch.shape == (3, 3, 70, 70)
    assert batch.dtype == torch.float32
    for picture, image in zip(pictures, batch, strict=True):
        small = Image.fromarray(picture).resize((70, 70), Image.Resampling.BICUBIC)
        expected = (np.asarray(small) / 255 - np.array(t.mean)) / np.array(t.std)
        np.testing.assert_allclose(image.permute(1, 2, 0).numpy(), expected, atol=1e-5)


def test_a_picture_of_the_input_size_keeps_its_pixels(tower: Towers, make_picture: Any) -> None:
    t = tower("siglip")
    picture = make_picture(64, 64)
    (image,) = t.preprocess([picture])
    assert np.array_equal(np.rint((image.permute(1, 2, 0).numpy() * 0.5 + 0.5) * 255), picture)


def test_constants_of_the_family_hold_where_none_are_stated(tower: Towers) -> None:
    families: set[type[Family]] = set(FAMILIES.values())
    for family in families:
        t = tower("internvit" if family.name == "internvit" else family.name)
        assert (t.mean, t.std) == (family.mean, family.std)
        assert t.input_size == ((70, 70) if family.name == "clip" else (64, 64))


@pytest.mark.parametrize(
    ("stated", "size"),
    [
        ({"size": {"height": 32, "width": 48}}, (32, 48)),
        ({"size": {"shortest_edge": 99}, "crop_size": {"height": 32, "width": 32}}, (32, 32)),
        ({"size": 99, "crop_size": 32, "do_center_crop": True}, (32, 32)),
        ({"size": 32, "crop_size": 99, "do_center_crop": False}, (32, 32)),
        ({"size": {"shortest_edge": 32}}, (64, 64)),
        ({"size": {"longest_edge": 32}, "do_center_crop": False}, (64, 64)),
        ({}, (64, 64)),
    ],
)
def test_the_size_that_every_picture_ends_up_with_is_taken(
    stated: dict[str, Any], size: tuple[int, int], folder: Path
) -> None:
    tower = loaded_with(folder, {**stated, "image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6]})
    assert tower.input_size == size
    assert (tower.mean, tower.std) == ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    run = tower.run(tower.preprocess([np.zeros((50, 50, 3), np.uint8)]))
    rows, columns = tower.grid(*size)
    assert run.last.shape == (1, 1 + rows * columns, 32)


def test_constants_inside_a_processor_file_are_found(folder: Path) -> None:
    stated = {"image_processor": {"size": {"height": 32, "width": 32}, "image_mean": [0.1, 0.2, 0.3]}}
    tower = loaded_with(folder, stated, "processor_config.json")
    assert (tower.input_size, tower.mean) == ((32, 32), (0.1, 0.2, 0.3))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("not json", "preprocessor_config.json: damaged"),
        ("[1, 2]", "preprocessor_config.json: damaged"),
        ({"image_mean": [0.5]}, "impossible preprocessing constants"),
        ({"image_std": [0, 1, 1]}, "impossible preprocessing constants"),
        ({"size": {"height": "x", "width": 3}}, "impossible preprocessing constants"),
        ({"size": {"height": 0, "width": 3}}, "impossible preprocessing constants"),
        ({"size": {"height": 8, "width": 64}}, "smaller than a patch of 16"),
    ],
)
def test_impossible_constants_are_refused(content: object, message: str, folder: Path) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        loaded_with(folder, content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "pictures",
    [
        [],
        [np.zeros((8, 8), np.uint8)],
        [np.zeros((8, 8, 4), np.uint8)],
        [np.zeros((8, 8, 3), np.float32)],
        [np.zeros((0, 8, 3), np.uint8)],
    ],
)
def test_what_is_no_picture_is_refused(pictures: list[Any], tower: Towers) -> None:
    with pytest.raises(ValueError, match="picture"):
        tower("clip").preprocess(pictures)
