"""Frames of clips, animations and folders."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cotam.errors import VideoError
from cotam.video import Sampling, open_frames
from cotam.video import clip as clip_module


def test_a_clip_gives_its_frames_with_their_times(clip, make_frames):
    frames = list(open_frames(clip))
    assert [frame.timestamp_ms for frame in frames] == list(range(0, 2000, 100))
    for frame, made in zip(frames, make_frames(20, cuts=(12,)), strict=True):
        assert np.abs(frame.image.astype(int) - made).mean() < 12


def test_few_frames_of_a_clip_are_those_that_decoding_all_gives(clip):
    every = list(open_frames(clip))
    for count in (1, 3, 7):
        chosen = list(open_frames(clip, Sampling(num_frames=count)))
        assert len(chosen) == count
        for frame in chosen:
            assert np.array_equal(frame.image, every[frame.timestamp_ms // 100].image)


def test_only_what_leads_to_a_chosen_frame_is_decoded(clip, monkeypatch):
    seen = []
    original = clip_module.Clip._by_time

    class Counting:
        def __init__(self, container):
            self._container = container

        def decode(self, stream):
            for frame in self._container.decode(stream):
                seen.append(frame.pts)
                yield frame

        def seek(self, *arguments, **options):
            self._container.seek(*arguments, **options)

    monkeypatch.setattr(
        clip_module.Clip, "_by_time", lambda self, c, s, chosen: original(self, Counting(c), s, chosen)
    )
    list(open_frames(clip, Sampling(num_frames=2)))
    assert len(seen) <= 6  # the first frame, and the last group of five


def test_a_rate_and_scenes_are_sampled(clip):
    assert [f.timestamp_ms for f in open_frames(clip, Sampling(fps=1))] == [0, 1000]
    scenes = open_frames(clip, Sampling(num_frames=2, scenes=True))
    assert [f.timestamp_ms for f in scenes] == [500, 1500]


def test_a_folder_gives_its_pictures_in_the_order_of_their_names(tmp_path, make_frames):
    for index, pixels in enumerate(make_frames(3)):
        Image.fromarray(pixels).save(tmp_path / f"{index}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    frames = list(open_frames(tmp_path, Sampling(fps=4)))
    assert [frame.timestamp_ms for frame in frames] == [0, 250, 500]
    assert all(np.array_equal(f.image, m) for f, m in zip(frames, make_frames(3), strict=True))


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_an_animation_gives_its_frames_with_their_times(tmp_path, make_frames, suffix):
    first, *rest = [Image.fromarray(pixels) for pixels in make_frames(4)]
    path = tmp_path / f"moving{suffix}"
    first.save(path, save_all=True, append_images=rest, duration=[40, 60, 100, 100])
    frames = list(open_frames(path))
    assert [frame.timestamp_ms for frame in frames] == [0, 40, 100, 200]
    assert len({frame.image.tobytes() for frame in frames}) == 4


def test_a_clip_without_video_is_refused(tmp_path):
    av = pytest.importorskip("av")
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    with pytest.raises(VideoError, match="there is no video in it"):
        list(open_frames(path))


@pytest.mark.parametrize("content", [b"", b"no clip at all" * 50, b"#EXTM3U\n#EXTINF:1,\nother.ts\n"])
def test_what_is_no_clip_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(VideoError, match=r"clip\.mp4: the clip is damaged, or of a kind") as caught:
        list(open_frames(path))
    assert "\n" not in str(caught.value)


def test_a_clip_that_is_cut_off_gives_the_frames_before(tmp_path, make_clip, make_frames):
    whole = make_clip(tmp_path / "clip.mkv", make_frames(20))
    (tmp_path / "cut.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    count = sum(1 for _ in _until_damage(open_frames(tmp_path / "cut.mkv")))
    assert 5 <= count < 20


def _until_damage(frames):
    try:
        yield from frames
    except VideoError:
        return


def test_broken_packets_end_in_one_error_or_in_concealed_frames(tmp_path, clip):
    data = bytearray(clip.read_bytes())
    rng = np.random.default_rng(0)
    for place in rng.integers(len(data) // 4, len(data) // 2, 60):
        data[place] ^= 0xFF
    path = tmp_path / "broken.mp4"
    path.write_bytes(data)
    for frame in _until_damage(open_frames(path)):
        assert frame.image.shape == (48, 64, 3)


def test_an_absurd_duration_is_refused(tmp_path, make_frames):
    av = pytest.importorskip("av")
    path = tmp_path / "long.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=1)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuvj420p"
        for index, pixels in enumerate(make_frames(2)):
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                packet.pts = packet.dts = index * 10_000_000
                container.mux(packet)
    with pytest.raises(VideoError, match=r"lasts 1e\+07 seconds"):
        list(open_frames(path))


def test_pictures_of_several_sizes_are_refused(tmp_path, make_frames):
    Image.fromarray(make_frames(1)[0]).save(tmp_path / "0.png")
    Image.new("RGB", (30, 20)).save(tmp_path / "1.png")
    frames = open_frames(tmp_path)
    next(frames)
    with pytest.raises(VideoError, match="frame 1 is 30 x 20 and the first one 64 x 48"):
        next(frames)


def test_an_empty_folder_has_no_frames(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="there are no frames in it"):
        list(open_frames(tmp_path))


def test_a_missing_pyav_is_named(tmp_path, clip, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(VideoError, match=r"pip install 'cotam\[video\]'"):
        list(open_frames(clip))
