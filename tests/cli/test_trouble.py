"""Killed, out of space, nowhere to write: one clear line, an exit code, and only whole files."""

import ctypes
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cotam import load_codec

PICTURES = 100
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1
CLI = [sys.executable, "-m", "cotam.cli"]

linux = pytest.mark.skipif(sys.platform != "linux", reason="capabilities are Linux's")


@pytest.fixture
def many(tmp_path: Path, photo: Path) -> Path:
    """A folder of many pictures."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(PICTURES):
        os.link(photo, folder / f"{number:03d}.png")
    return folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def streams(folder: Path) -> dict[str, int]:
    """Streams of a folder, and when each was written."""
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.cotam")}


def kill_when_started(command: list[str], out: Path, enough: int) -> None:
    """Run a command and kill it the hard way after a few outputs."""
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while len(streams(out)) < enough:
            assert process.poll() is None, "it ended before it was killed"
            time.sleep(0.001)
        process.kill()


def test_after_kill_9_every_stream_is_whole_and_a_second_run_does_the_rest(
    cotam, many, random_model_path, photo, tmp_path
):
    out = tmp_path / "out"
    arguments = ["encode", str(many), str(out), "--model", str(random_model_path), "--threads", "1"]
    kill_when_started([*CLI, *arguments], out, 5)
    finished, whole = streams(out), load_codec(random_model_path).encode(photo)
    assert 5 <= len(finished) < PICTURES
    assert {(out / name).read_bytes() for name in finished} == {whole}
    for path in out.glob(".cotam-*.part"):  # what it was writing, an hour later
        os.utime(path, (0, 0))
    ran = cotam(*arguments, "--skip-existing")
    assert ran.code == 0
    assert f"{PICTURES - len(finished)} files" in ran.err
    assert f"{len(finished)} there already" in ran.err
    again = streams(out)
    assert {name: again[name] for name in finished} == finished
    assert names(out) == {f"{number:03d}.cotam" for number in range(PICTURES)}
    assert {(out / name).read_bytes() for name in again} == {whole}


def test_without_the_option_everything_is_done_again(cotam, folder, random_model_path, tmp_path):
    (folder / "broken.png").unlink()
    arguments = ["encode", folder, tmp_path / "out", "--model", random_model_path]
    cotam(*arguments)
    before = streams(tmp_path / "out")
    cotam(*arguments)
    assert all(time > before[name] for name, time in streams(tmp_path / "out").items())


def test_a_picture_that_changed_is_not_done(cotam, folder, random_model_path, tmp_path):
    (folder / "broken.png").unlink()
    out = tmp_path / "out"
    arguments = ["encode", folder, out, "--model", random_model_path]
    cotam(*arguments)
    os.utime(folder / "one.png", (time.time() + 9,) * 2)
    ran = cotam(*arguments, "--skip-existing", "--json")
    assert b'"done_before": 1' in ran.out
    assert "two.cotam" not in ran.err


def test_decoding_a_folder_goes_on_where_it_stopped(cotam, folder, random_model_path, tmp_path):
    (folder / "broken.png").unlink()
    cotam("encode", folder, tmp_path / "streams", "--model", random_model_path)
    arguments = ["decode", tmp_path / "streams", tmp_path / "pictures", "--model", random_model_path]
    cotam(*arguments)
    (tmp_path / "pictures" / "one.png").unlink()
    ran = cotam(*arguments, "--skip-existing")
    assert (ran.code, "1 file, " in ran.err, "1 there already" in ran.err) == (0, True, True)


def test_skipping_is_for_folders(cotam, photo, tmp_path):
    ran = cotam("encode", photo, tmp_path / "s.cotam", "--skip-existing")
    assert ran.code == 2
    assert "--skip-existing is for folders" in ran.problem


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let the system refuse to write files of more bytes, as a full disk or a quota does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_write_that_fails_half_way_leaves_the_old_file_and_no_part(
    cotam, photo, random_model_path, tmp_path
):
    target = tmp_path / "s.cotam"
    target.write_bytes(b"old")
    with largest_file(40):
        ran = cotam("encode", photo, target, "--model", random_model_path, "-q", 90)
    assert ran.code == 2
    assert f"{target}: cannot be written (File too large)" in ran.problem
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == {"photo.png", "s.cotam"}


def test_a_folder_on_a_full_disk_names_every_picture_and_leaves_no_part(
    cotam, folder, random_model_path, tmp_path
):
    (folder / "broken.png").unlink()
    with largest_file(40):
        ran = cotam("encode", folder, tmp_path / "out", "--model", random_model_path, "-q", 90)
    assert ran.code == 1
    assert ran.err.count("cannot be written (File too large)") == 2
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_device_is_named(cotam, photo, random_model_path):
    ran = cotam("encode", photo, "/dev/full", "--model", random_model_path)
    assert ran.code == 2
    assert "/dev/full: cannot be written (No space left on device)" in ran.problem


def without_override() -> None:
    """Take from root, in a child process, the right to write where permissions forbid it."""
    if os.geteuid() == 0:
        assert ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0) == 0


@linux
def test_a_read_only_folder_is_named_in_one_line(folder, photo, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    for source, target in ((folder, locked), (folder, locked / "new" / "deep"), (photo, locked / "s.cotam")):
        ran = subprocess.run(
            [*CLI, "encode", source, target], capture_output=True, text=True, preexec_fn=without_override
        )
        assert ran.returncode == 2
        assert ran.stderr.count("\n") == 1
        assert f"{target}: cannot be written" in ran.stderr
    assert names(locked) == set()


def test_an_output_below_a_file_is_refused_before_any_work(cotam, folder, photo):
    ran = cotam("encode", folder, photo / "out")
    assert ran.code == 2
    assert "is not a folder" in ran.problem


def test_a_file_where_a_folder_is_needed_fails_that_picture_only(cotam, folder, random_model_path, tmp_path):
    (folder / "broken.png").unlink()
    out = tmp_path / "out"
    out.mkdir()
    (out / "below").write_text("in the way")
    ran = cotam("encode", folder, out, "--model", random_model_path)
    assert ran.code == 1
    assert f"{out / 'below'}: cannot be made (File exists)" in ran.err
    assert names(out) == {"below", "one.cotam"}


def test_a_folder_where_a_stream_is_to_go_fails_that_picture_only(cotam, folder, random_model_path, tmp_path):
    (folder / "broken.png").unlink()
    (tmp_path / "out" / "one.cotam").mkdir(parents=True)
    ran = cotam("encode", folder, tmp_path / "out", "--model", random_model_path, "--skip-existing")
    assert ran.code == 1
    assert "one.cotam: is a folder" in ran.err
    assert (tmp_path / "out" / "below" / "two.cotam").is_file()
