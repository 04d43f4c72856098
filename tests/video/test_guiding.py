"""Level maps along time."""

from itertools import pairwise

import numpy as np
import pytest

from cotam.codec import Guide
from cotam.guidance import LevelOptions
from cotam.video import GuideOverTime

OPTIONS = LevelOptions(grid=4)


class Given:
    """Importance that a test lays down, frame by frame."""

    name = "given"

    def __init__(self, maps):
        self._maps = iter(maps)

    def importance(self, pixels):
        return next(self._maps).astype(np.float32)


def scene(noise: float, seed: int = 0) -> np.ndarray:
    """A bright corner that matters, and noise."""
    rng = np.random.default_rng(seed)
    found = np.zeros((4, 4))
    found[:2, :2] = np.array([[2.0, 1.0], [1.0, 0.6]])
    return found + rng.normal(0, noise, (4, 4))


def levels(maps, times=None, pixels=None, **options):
    guide = GuideOverTime(Guide(Given(maps), OPTIONS), **options)
    frame = np.full((32, 32, 3), 128, np.uint8)
    count = len(maps)
    times = times or [200 * index for index in range(count)]
    pixels = pixels or [frame] * count
    return [guide.level_map(*pair).levels for pair in zip(pixels, times, strict=True)]


def flicker(maps) -> int:
    return sum(int((a != b).sum()) for a, b in pairwise(maps))


def test_without_memory_each_frame_is_by_itself():
    maps = [scene(0.3, seed) for seed in range(6)]
    alone = [Guide(Given([m]), OPTIONS).level_map(np.zeros((32, 32, 3), np.uint8)).levels for m in maps]
    assert all(
        np.array_equal(a, b) for a, b in zip(levels(maps, settle_seconds=0, margin=0), alone, strict=True)
    )


def test_levels_flicker_less_with_the_average_and_still_less_with_the_margin():
    maps = [scene(0.3, seed) for seed in range(20)]
    none = flicker(levels(maps, settle_seconds=0, margin=0))
    average = flicker(levels(maps, margin=0))
    both = flicker(levels(maps))
    assert both < average < none
    assert both < none / 4


def test_what_stays_important_gets_its_level_in_time():
    moved = np.zeros((4, 4))
    moved[2:, 2:] = 2.0
    found = levels([scene(0)] * 3 + [moved] * 15)
    assert found[3][0, 0] == 1
    assert np.array_equal(found[-1], levels([moved])[0])


def test_the_average_counts_time_and_not_frames():
    moved = scene(0)[::-1]
    slow = levels([scene(0), moved], [0, 100])[1]
    quick = levels([scene(0), moved], [0, 10_000])[1]
    assert np.array_equal(slow, levels([scene(0)])[0])
    assert np.array_equal(quick, levels([moved])[0])


def test_a_cut_begins_anew():
    moved, dark, bright = scene(0)[::-1], np.zeros((32, 32, 3), np.uint8), np.full((32, 32, 3), 200, np.uint8)
    assert np.array_equal(levels([scene(0), moved], [0, 10], [dark, bright])[1], levels([moved])[0])


@pytest.mark.parametrize("name", ["settle_seconds", "margin", "reuse_below"])
def test_numbers_below_zero_are_refused(name):
    with pytest.raises(ValueError, match=f"{name} must not be below 0"):
        GuideOverTime(Guide.parse(), **{name: -1.0})


def test_uniform_guidance_stays_uniform():
    assert GuideOverTime(Guide.parse()).level_map(np.zeros((8, 8, 3), np.uint8), 0) is None


@pytest.fixture(scope="module")
def tower(tmp_path_factory):
    """A CLIP of random weights."""
    pytest.importorskip("transformers")
    import torch
    from transformers import CLIPVisionConfig, CLIPVisionModel

    from cotam.vision import load_tower

    folder = tmp_path_factory.mktemp("tower")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = CLIPVisionConfig(
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=3,
            num_attention_heads=2,
            image_size=32,
            patch_size=8,
        )
        CLIPVisionModel(config).save_pretrained(folder)
    return load_tower(folder)


def test_the_map_is_used_again_where_the_tower_sees_hardly_a_change(tower, make_frames, monkeypatch):
    from cotam.guidance import TowerGuidance

    frame, other = make_frames(12, (32, 32))[::11]
    noisy = np.clip(frame.astype(int) + np.random.default_rng(0).integers(-1, 2, frame.shape), 0, 255)
    runs = []
    original = type(tower).run
    monkeypatch.setattr(type(tower), "run", lambda self, *a, **k: runs.append(1) or original(self, *a, **k))
    guide = GuideOverTime(Guide(TowerGuidance(tower), OPTIONS))
    first = guide.level_map(frame, 0)
    assert guide.level_map(frame, 100) == first
    assert guide.level_map(noisy.astype(np.uint8), 200) == first
    assert (len(runs), guide.reused) == (1, 2)
    guide.level_map(other, 300)
    assert (len(runs), guide.reused) == (2, 2)
    never = GuideOverTime(Guide(TowerGuidance(tower), OPTIONS), reuse_below=0)
    never.level_map(frame, 0)
    never.level_map(frame, 100)
    assert (len(runs), never.reused) == (4, 0)
