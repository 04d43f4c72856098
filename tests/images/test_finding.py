from pathlib import Path

import pytest

from cotam.errors import ImageError
from cotam.images import find_images
from cotam.images.finding import renamed


def _make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_pictures_of_all_folders_below_are_listed_in_order(tmp_path):
    _make(
        tmp_path, "b.png", "a.JPG", "z/c.webp", "z/deep/d.tiff", "notes.txt", "z/film.mpg", "page.pdf", "png"
    )
    found = find_images(tmp_path)
    assert [str(p.relative_to(tmp_path)) for p in found] == ["a.JPG", "b.png", "z/c.webp", "z/deep/d.tiff"]


def test_folders_below_are_left_out_when_told(tmp_path):
    _make(tmp_path, "b.png", "z/c.webp")
    assert find_images(str(tmp_path), recursive=False) == [tmp_path / "b.png"]


def test_a_folder_that_is_named_like_a_picture_is_none(tmp_path):
    _make(tmp_path, "album.png/inside.png")
    assert find_images(tmp_path, recursive=False) == []


def test_a_link_to_a_folder_above_ends(tmp_path):
    _make(tmp_path, "a.png", "below/b.png")
    (tmp_path / "below" / "up").symlink_to(tmp_path)
    assert len(find_images(tmp_path)) == 2


def test_an_empty_folder_has_none(tmp_path):
    assert find_images(tmp_path) == []


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ImageError, match="gone: no such folder"):
        find_images(tmp_path / "gone")


def test_a_file_in_place_of_a_folder_is_named(tmp_path):
    _make(tmp_path, "a.png")
    with pytest.raises(ImageError, match=r"a\.png: is a file"):
        find_images(tmp_path / "a.png")


def test_new_names_are_all_different():
    names = ("a.jpg", "a.png", "a.jpg.webp", "b.c.jpg", "b/a.jpg", "B.C.jpg.png")
    assert {str(old): str(new) for old, new in renamed(map(Path, names), ".cotam").items()} == {
        "a.jpg": "a.jpg.cotam",
        "a.png": "a.png.cotam",
        "a.jpg.webp": "a.jpg.webp.cotam",
        "b.c.jpg": "b.c.cotam",
        "b/a.jpg": "b/a.cotam",
        "B.C.jpg.png": "B.C.jpg.png.cotam",
    }
