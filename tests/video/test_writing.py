import numpy as np
import pytest
from PIL import Image

from cotam.errors import VideoError
from cotam.video import Frame, open_frames, write_video

TIMES = [0, 40, 200, 1000]


@pytest.fixture
def frames(make_frames):
    return [Frame(Image.fromarray(p), t) for p, t in zip(make_frames(4, (47, 63)), TIMES, strict=True)]


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".mkv"])
def test_a_clip_keeps_frames_and_times_and_gets_even_sides(tmp_path, frames, suffix):
    pytest.importorskip("av")
    assert write_video(frames, tmp_path / f"out{suffix}") == 4
    back = list(open_frames(tmp_path / f"out{suffix}"))
    assert [frame.timestamp_ms for frame in back] == TIMES
    assert all(frame.image.shape == (48, 64, 3) for frame in back)
    difference = back[2].image[:47, :63].astype(int) - np.asarray(frames[2].image)
    assert np.abs(difference).mean() < 12


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_an_animation_keeps_frames_and_times(tmp_path, frames, suffix):
    assert write_video(frames, tmp_path / f"out{suffix}") == 4
    assert [frame.timestamp_ms for frame in open_frames(tmp_path / f"out{suffix}")] == TIMES


def test_a_folder_holds_every_frame_without_loss(tmp_path, frames):
    assert write_video(frames, tmp_path / "out") == 4
    back = list(open_frames(tmp_path / "out"))
    assert all(np.array_equal(a.image, b.image) for a, b in zip(back, frames, strict=True))


def test_frames_at_one_time_come_one_after_the_other_in_a_clip(tmp_path, frames):
    pytest.importorskip("av")
    write_video([frame._replace(timestamp_ms=5) for frame in frames], tmp_path / "out.mp4")
    assert [frame.timestamp_ms for frame in open_frames(tmp_path / "out.mp4")] == [0, 1, 2, 3]


def test_nothing_to_write_is_an_error(tmp_path):
    for name in ("out.mp4", "out.gif"):
        with pytest.raises(VideoError, match="no frames to write"):
            write_video([], tmp_path / name)


def test_what_was_written_before_a_failure_stays(tmp_path, frames):
    pytest.importorskip("av")

    def failing():
        yield from frames[:2]
        raise VideoError("damaged")

    with pytest.raises(VideoError, match="damaged"):
        write_video(failing(), tmp_path / "out.mkv")
    assert len(list(open_frames(tmp_path / "out.mkv"))) == 2
