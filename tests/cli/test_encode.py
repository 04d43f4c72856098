import json
from pathlib import Path

import pytest
from PIL import Image

from cotam import read_info
from cotam.codec import Codec


def test_a_picture_becomes_a_stream_of_the_quality_asked_for(cotam, photo, random_model_path, tmp_path):
    target = tmp_path / "photo.cotam"
    ran = cotam("encode", photo, target, "--model", random_model_path, "-q", 25)
    info = read_info(target.read_bytes())
    assert (ran.code, ran.out) == (0, b"")
    assert (info.width, info.height, info.quality) == (48, 40, 25)
    assert f"{photo} -> {target}: 48 x 40" in ran.err


def test_the_default_quality_is_40(cotam, photo, random_model_path, tmp_path):
    cotam("encode", photo, tmp_path / "s.cotam", "--model", random_model_path)
    assert read_info((tmp_path / "s.cotam").read_bytes()).quality == 40


def test_standard_input_goes_to_standard_output(cotam, photo, photo_data, random_model_path, tmp_path):
    cotam("encode", photo, tmp_path / "s.cotam", "--model", random_model_path)
    ran = cotam("encode", "-", "-", "--model", random_model_path, stdin=photo_data)
    assert (ran.code, ran.out) == (0, (tmp_path / "s.cotam").read_bytes())


def test_target_bytes_is_not_exceeded(cotam, photo, random_model_path, tmp_path):
    target = tmp_path / "s.cotam"
    largest = tmp_path / "l.cotam"
    cotam("encode", photo, largest, "--model", random_model_path, "-q", 100)
    limit = largest.stat().st_size - 5
    assert cotam("encode", photo, target, "--model", random_model_path, "--target-bytes", limit).code == 0
    assert target.stat().st_size <= limit


def test_too_few_target_bytes_is_bad_use_and_writes_nothing(cotam, photo, random_model_path, tmp_path):
    ran = cotam("encode", photo, tmp_path / "s.cotam", "--model", random_model_path, "--target-bytes", 3)
    assert ran.code == 2
    assert "too few" in ran.problem
    assert not (tmp_path / "s.cotam").exists()


def test_quality_and_target_bytes_exclude_each_other(cotam, photo, tmp_path):
    ran = cotam("encode", photo, tmp_path / "s.cotam", "-q", 30, "--target-bytes", 500)
    assert ran.code == 2
    assert "choose one" in ran.problem


@pytest.mark.parametrize("quality", ["0", "101", "nan", "good"])
def test_a_bad_quality_is_bad_use(cotam, photo, tmp_path, quality):
    ran = cotam("encode", photo, tmp_path / "s.cotam", "-q", quality)
    assert ran.code == 2
    assert "quality" in ran.problem


def test_metadata_is_kept_only_on_request(cotam, random_model_path, tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    Image.new("RGB", (16, 16)).save(tmp_path / "p.jpg", exif=exif)
    cotam("encode", tmp_path / "p.jpg", tmp_path / "without.cotam", "--model", random_model_path)
    cotam(
        "encode", tmp_path / "p.jpg", tmp_path / "with.cotam", "--model", random_model_path, "--keep-metadata"
    )
    assert read_info((tmp_path / "without.cotam").read_bytes()).metadata == ()
    assert read_info((tmp_path / "with.cotam").read_bytes()).metadata == ("exif",)


def test_what_is_no_picture_is_bad_data_and_an_existing_file_stays(cotam, random_model_path, tmp_path):
    (tmp_path / "text.png").write_text("text")
    target = tmp_path / "s.cotam"
    target.write_bytes(b"before")
    ran = cotam("encode", tmp_path / "text.png", target, "--model", random_model_path)
    assert ran.code == 1
    assert "text.png" in ran.problem
    assert target.read_bytes() == b"before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.cotam", "text.png"]


def test_empty_standard_input_is_named(cotam, random_model_path, tmp_path):
    ran = cotam("encode", "-", tmp_path / "s.cotam", "--model", random_model_path)
    assert ran.code == 1
    assert ran.problem.startswith("standard input: is empty")


def test_an_unknown_model_is_bad_data(cotam, photo, tmp_path):
    ran = cotam("encode", photo, tmp_path / "s.cotam", "--model", "nothing-like-it")
    assert ran.code == 1
    assert "nothing-like-it" in ran.problem


@pytest.mark.parametrize(
    ("target", "said"),
    [(".", "is a folder"), ("nowhere/s.cotam", "there is no folder"), ("photo.png", "the input")],
)
def test_an_unwritable_output_is_bad_use_before_any_model_is_loaded(cotam, photo, tmp_path, target, said):
    ran = cotam("encode", photo, tmp_path / target, "--model", "would-be-an-error")
    assert ran.code == 2
    assert said in ran.problem


def test_a_missing_input_is_bad_use(cotam, tmp_path):
    ran = cotam("encode", tmp_path / "missing.png", tmp_path / "s.cotam")
    assert ran.code == 2
    assert "missing.png: no such file" in ran.problem


def test_a_stream_is_not_written_to_a_terminal(cotam, photo, monkeypatch):
    import sys

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    ran = cotam("encode", photo, "-")
    assert ran.code == 2
    assert "terminal" in ran.problem


def test_json_has_the_figures_of_every_file(cotam, photo, random_model_path, tmp_path):
    target = tmp_path / "s.cotam"
    report = json.loads(cotam("encode", photo, target, "--model", random_model_path, "--json").out)
    (figures,) = report["files"]
    assert figures["bytes_in"] == photo.stat().st_size
    assert figures["bytes_out"] == target.stat().st_size
    assert figures["bpp"] == pytest.approx(8 * target.stat().st_size / (48 * 40))
    assert report["total"]["files"] == 1


def test_json_and_a_stream_do_not_share_standard_output(cotam, photo):
    assert "--json" in cotam("encode", photo, "-", "--json").problem


def test_a_folder_keeps_its_tree_and_names_what_failed(cotam, folder, random_model_path, tmp_path):
    out = tmp_path / "out"
    ran = cotam("encode", folder, out, "--model", random_model_path, "--json")
    report = json.loads(ran.out)
    written = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert ran.code == 1
    assert written == [str(Path("below", "two.cotam")), "one.cotam"]
    assert [Path(item["source"]).name for item in report["failed"]] == ["broken.png"]
    assert [Path(path).name for path in report["skipped"]] == ["notes.txt"]
    assert "broken.png" in ran.err
    assert "2 files" in ran.err
    assert "1 skipped" in ran.err
    assert "1 FAILED" in ran.err


def test_a_folder_without_failures_succeeds(cotam, folder, random_model_path, tmp_path):
    (folder / "broken.png").unlink()
    ran = cotam("encode", folder, tmp_path / "out", "--model", random_model_path)
    assert ran.code == 0
    assert ran.err.splitlines()[-1].startswith("2 files, ")


def test_pictures_that_differ_in_their_suffix_only_get_two_streams(
    cotam, folder, random_model_path, tmp_path
):
    Image.new("RGB", (8, 8)).save(folder / "one.bmp")
    cotam("encode", folder, tmp_path / "out", "--model", random_model_path)
    names = {path.name for path in (tmp_path / "out").iterdir() if path.is_file()}
    assert names == {"one.png.cotam", "one.bmp.cotam"}


def test_a_folder_without_pictures_is_bad_use(cotam, tmp_path):
    (tmp_path / "empty").mkdir()
    ran = cotam("encode", tmp_path / "empty", tmp_path / "out")
    assert ran.code == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("target", ["-", "photo.png"])
def test_a_folder_needs_a_folder_as_its_output(cotam, folder, photo, target):
    name = target if target == "-" else photo
    ran = cotam("encode", folder, name)
    assert ran.code == 2
    assert "must be a folder" in ran.problem


def test_an_interrupt_ends_with_130_and_leaves_nothing(
    cotam, photo, random_model_path, tmp_path, monkeypatch
):
    def interrupt(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(Codec, "encode", interrupt)
    ran = cotam("encode", photo, tmp_path / "s.cotam", "--model", random_model_path, "--runtime", "torch")
    assert ran.code == 130
    assert [path.name for path in tmp_path.iterdir()] == ["photo.png"]
