"""Clips, animations and folders of frames on the command line."""

import json

import numpy as np
import pytest
from PIL import Image

from cotam import read_info
from cotam.bitstream import read_stream
from cotam.video import open_frames


@pytest.fixture
def frames(tmp_path):
    """A folder of five frames in which a square moves."""
    folder = tmp_path / "frames"
    folder.mkdir()
    for index in range(5):
        pixels = np.full((32, 48, 3), 90, np.uint8)
        pixels[8:20, 4 * index : 4 * index + 12] = (220, 40, 30)
        Image.fromarray(pixels).save(folder / f"{index}.png")
    return folder


@pytest.fixture
def clip(frames, tmp_path):
    """The same as a clip, two frames a second."""
    from cotam.video import write_video

    pytest.importorskip("av")
    write_video(
        [
            f._replace(image=Image.fromarray(f.image), timestamp_ms=f.timestamp_ms // 2)
            for f in open_frames(frames)
        ],
        tmp_path / "clip.mkv",
    )
    return tmp_path / "clip.mkv"


@pytest.fixture
def sequence(cotam, frames, random_model_path, tmp_path):
    """The same as a sequence."""
    assert cotam("encode", frames, tmp_path / "s.cotam", "--model", random_model_path, "--fps", 4).code == 0
    return tmp_path / "s.cotam"


def times(path):
    return [frame.timestamp_ms for frame in read_stream(path.read_bytes()).frames]


def test_a_folder_of_frames_becomes_one_stream(cotam, frames, sequence, random_model_path, tmp_path):
    assert times(sequence) == [0, 250, 500, 750, 1000]
    ran = cotam("encode", frames, tmp_path / "t.cotam", "--model", random_model_path, "-q", 30, "--json")
    (figures,) = json.loads(ran.out)["files"]
    assert (figures["frames"], figures["width"], figures["quality"]) == (5, 48, 30)
    assert figures["bytes_out"] == (tmp_path / "t.cotam").stat().st_size
    assert figures["bpp"] == pytest.approx(read_info((tmp_path / "t.cotam").read_bytes()).bpp)
    assert "5 frames" in ran.err


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), [0, 1000, 2000]),
        (("--fps", 100), [0, 500, 1000, 1500, 2000]),
        (("--num-frames", 2), [0, 2000]),
        (("--num-frames", 1, "--scenes"), [1000]),
    ],
)
def test_a_clip_is_sampled_once_a_second_or_as_asked(
    cotam, clip, random_model_path, tmp_path, options, expected
):
    ran = cotam("encode", clip, tmp_path / "c.cotam", "--model", random_model_path, *options)
    assert ran.code == 0, ran.err
    assert times(tmp_path / "c.cotam") == expected


def test_an_animation_becomes_a_stream_and_an_animation_again(cotam, frames, random_model_path, tmp_path):
    first, *rest = [Image.open(path) for path in sorted(frames.iterdir())]
    first.save(tmp_path / "a.gif", save_all=True, append_images=rest, duration=80)
    cotam("encode", tmp_path / "a.gif", tmp_path / "a.cotam", "--model", random_model_path)
    assert times(tmp_path / "a.cotam") == [0, 80, 160, 240, 320]
    cotam("decode", tmp_path / "a.cotam", tmp_path / "back.gif", "--model", random_model_path)
    with Image.open(tmp_path / "back.gif") as image:
        assert image.n_frames == 5


def test_a_sequence_goes_into_a_clip_or_a_folder(cotam, sequence, random_codec, random_model_path, tmp_path):
    pytest.importorskip("av")
    ran = cotam("decode", sequence, tmp_path / "o.mp4", "--model", random_model_path)
    assert (ran.code, [f.timestamp_ms for f in open_frames(tmp_path / "o.mp4")]) == (0, times(sequence))
    assert cotam("decode", sequence, tmp_path / "out", "--model", random_model_path).code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"00000{i}.png" for i in range(5)]
    assert np.array_equal(
        Image.open(tmp_path / "out" / "000000.png"), random_codec.decode(sequence.read_bytes())
    )


def test_one_frame_goes_into_a_picture(cotam, sequence, random_model_path, tmp_path):
    cotam("decode", sequence, tmp_path / "out", "--model", random_model_path)
    ran = cotam("decode", sequence, tmp_path / "3.png", "--frame", 3, "--model", random_model_path)
    assert ran.code == 0, ran.err
    assert (tmp_path / "3.png").read_bytes() == (tmp_path / "out" / "000003.png").read_bytes()
    assert cotam("decode", sequence, tmp_path / "0.png", "--model", random_model_path).code == 0
    ran = cotam("decode", sequence, tmp_path / "5.png", "--frame", 5, "--model", random_model_path)
    assert (ran.code, ran.problem) == (2, "--frame: frame 5 of a sequence of 5")


def test_a_cut_stream_is_refused_and_salvaged_on_request(cotam, sequence, random_model_path, tmp_path):
    sequence.write_bytes(sequence.read_bytes()[:-20])
    ran = cotam("decode", sequence, tmp_path / "strict", "--model", random_model_path)
    assert (ran.code, len(list((tmp_path / "strict").iterdir()))) == (1, 4)
    assert "truncated stream" in ran.problem
    ran = cotam("decode", sequence, tmp_path / "whole", "--salvage", "--model", random_model_path)
    assert (ran.code, len(list((tmp_path / "whole").iterdir()))) == (0, 4)
    assert "4 frames before it decoded" in ran.err


def test_every_frame_is_described(cotam, sequence):
    listed = json.loads(cotam("info", sequence, "--frames", "--json").out)["frame_list"]
    assert [item["timestamp_ms"] for item in listed] == times(sequence)
    assert not any(item["predicted"] for item in listed)
    shown = cotam("info", sequence, "--frames").out.decode()
    assert "0.750 s" in shown
    assert shown.count("key") == 5


def test_the_frames_before_a_bad_one_are_kept(cotam, frames, random_model_path, tmp_path):
    (frames / "3.png").write_bytes((frames / "3.png").read_bytes()[:60])
    ran = cotam("encode", frames, tmp_path / "s.cotam", "--model", random_model_path)
    assert ran.code == 1
    assert "3.png" in ran.problem
    assert ran.problem.endswith("3 frames before it kept in " + str(tmp_path / "s.cotam"))
    assert times(tmp_path / "s.cotam") == [0, 1000, 2000]


def test_a_clip_that_is_none_leaves_what_was_there(cotam, random_model_path, tmp_path):
    (tmp_path / "c.mp4").write_bytes(b"nothing")
    (tmp_path / "c.cotam").write_bytes(b"before")
    ran = cotam("encode", tmp_path / "c.mp4", tmp_path / "c.cotam", "--model", random_model_path)
    assert (ran.code, (tmp_path / "c.cotam").read_bytes()) == (1, b"before")
    assert ran.problem.startswith(str(tmp_path / "c.mp4"))


def test_levels_are_steadied_along_time(cotam, frames, random_model_path, tmp_path):
    options = ("--model", random_model_path, "--guidance", "saliency", "--grid", 4)
    for name, more in (("each", ()), ("steady", ("--steady",))):
        assert cotam("encode", frames, tmp_path / f"{name}.cotam", *options, *more).code == 0
    each, steady = ((tmp_path / f"{name}.cotam").read_bytes() for name in ("each", "steady"))
    assert each != steady
    assert read_stream(steady).frames[4].level_map is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--fps", 1), "are for clips, animated pictures and folders"),
        (("--key-interval", 5), "are for clips, animated pictures and folders"),
        (("--steady",), "are for clips"),
    ],
)
def test_a_picture_takes_no_options_of_clips(cotam, photo, tmp_path, options, message):
    ran = cotam("encode", photo, tmp_path / "s.cotam", *options)
    assert ran.code == 2
    assert message in ran.problem


def test_a_clip_takes_no_options_of_pictures(cotam, frames, stream, tmp_path):
    ran = cotam("encode", frames, tmp_path / "s.cotam", "--keep-metadata")
    assert (ran.code, "--keep-metadata is for pictures" in ran.problem) == (2, True)
    ran = cotam("decode", stream, tmp_path / "p.png", "--frame", 0)
    assert (ran.code, "are for sequences" in ran.problem) == (2, True)


def test_frames_are_predicted_where_an_interval_is_given(cotam, frames, tmp_path):
    ran = cotam("encode", frames, tmp_path / "p.cotam", "--key-interval", 4)
    assert ran.code == 0
    predicted = [frame.predicted for frame in read_stream((tmp_path / "p.cotam").read_bytes()).frames]
    assert predicted == [False, True, True, True, False]
    assert cotam("decode", tmp_path / "p.cotam", tmp_path / "out").code == 0
    assert len(list((tmp_path / "out").iterdir())) == 5
