import os
import stat
import threading

import numpy as np
import pytest
from PIL import Image

from cotam.errors import ImageError
from cotam.images import load_image, remove_leftovers, save_image_atomically, to_pil, write_atomically

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 10, 3), dtype=np.uint8)


def test_pixels_become_an_rgb_image_and_come_back():
    np.testing.assert_array_equal(load_image(to_pil(PIXELS)).pixels, PIXELS)


def test_equal_channels_become_the_same_grey_image():
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    image = to_pil(ramp, grey=True)
    assert image.mode == "L"
    np.testing.assert_array_equal(np.asarray(image), ramp[..., 0])


@pytest.mark.parametrize("pixels", [PIXELS[..., 0], PIXELS.astype(float), PIXELS[..., :2]])
def test_other_pixels_are_refused(pixels):
    with pytest.raises(ValueError, match=r"uint8 \(H, W, 3\)"):
        to_pil(pixels)


def test_bytes_are_written_and_nothing_else_is_left(tmp_path):
    write_atomically(tmp_path / "a.bin", b"new")
    assert (tmp_path / "a.bin").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_an_existing_file_is_replaced_and_keeps_its_permissions(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"a long former content")
    path.chmod(0o640)
    write_atomically(str(path), b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path):
    write_atomically(tmp_path / "a.bin", b"new")
    (tmp_path / "b.bin").write_bytes(b"new")
    assert (tmp_path / "a.bin").stat().st_mode == (tmp_path / "b.bin").stat().st_mode


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_leaves_the_existing_file_untouched(tmp_path, monkeypatch, step):
    def fail(*_args):
        raise OSError(28, "No space left on device")

    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, step, fail)
    with pytest.raises(ImageError, match=r"a\.bin: cannot be written \(No space left on device\)"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_a_link_is_followed(tmp_path):
    (tmp_path / "target").write_bytes(b"old")
    (tmp_path / "link").symlink_to("target")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    pipe, received = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    write_atomically(pipe, b"new")
    reader.join(timeout=10)
    assert received == [b"new"]
    assert pipe.is_fifo()


def test_a_folder_in_place_of_a_file_is_refused(tmp_path):
    with pytest.raises(ImageError, match="is a folder"):
        write_atomically(tmp_path, b"new")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ImageError, match="there is no folder"):
        write_atomically(tmp_path / "missing" / "a.bin", b"new")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_write_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ImageError, match="cannot be written"):
        write_atomically(tmp_path / "a.bin", b"new")


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ImageError, match="cannot be written"):
        write_atomically(tmp_path / "file" / "a.bin", b"new")


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".tiff", ".bmp", ".ppm"])
def test_an_image_is_saved_in_the_format_of_the_suffix(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    save_image_atomically(Image.fromarray(PIXELS), path)
    np.testing.assert_array_equal(load_image(path).pixels, PIXELS)


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".avif"])
def test_lossy_formats_are_saved_at_high_quality_unless_told(tmp_path, suffix):
    smooth = Image.fromarray(PIXELS).resize((64, 64), Image.Resampling.BICUBIC)
    for name, options in (("fine", {}), ("coarse", {"quality": 20})):
        save_image_atomically(smooth, tmp_path / f"{name}{suffix}", **options)
    fine, coarse = ((tmp_path / f"{name}{suffix}").stat().st_size for name in ("fine", "coarse"))
    assert fine > 1.5 * coarse


@pytest.mark.parametrize("name", ["a.xyz", "a", "a.psd"])
def test_an_unknown_suffix_is_refused_with_the_common_ones(tmp_path, name):
    with pytest.raises(ValueError, match=r"\.png, \.jpg, \.webp"):
        save_image_atomically(Image.fromarray(PIXELS), tmp_path / name)
    assert not os.listdir(tmp_path)


def test_a_mode_that_the_format_lacks_is_an_image_error(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"old")
    with pytest.raises(ImageError, match=r"a\.jpg: Pillow cannot save this picture as JPEG"):
        save_image_atomically(Image.new("RGBA", (4, 4)), tmp_path / "a.jpg")
    assert (tmp_path / "a.jpg").read_bytes() == b"old"


def test_what_killed_processes_left_is_removed_and_what_others_are_writing_is_not(tmp_path):
    names = [".cotam-0123456789abcdef.part", ".cotam-fedcba9876543210.part", "mine.part", ".cotam-notes.txt"]
    for name in names:
        (tmp_path / name).write_bytes(b"half")
    for name in (names[0], *names[2:]):
        os.utime(tmp_path / name, (0, 0))
    remove_leftovers(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted(names[1:])
