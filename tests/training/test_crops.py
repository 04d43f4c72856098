"""Training batches: pure functions of seed and index, whatever the photographs are."""

import dataclasses

import numpy as np
import pytest
import torch

from cotam.levelvqa import SPLITS, scene
from cotam.ops.quality_scale import MAX_STEP, MIN_STEP
from cotam.training import crops
from cotam.training.config import CodecTrainingConfig
from cotam.training.crops import CropDataset

CONFIG = CodecTrainingConfig(crop=64, batch=4, steps=10)
PICTURES = [np.random.default_rng(n).integers(0, 256, (70, 90, 3), dtype=np.uint8) for n in range(3)]


def test_a_batch_depends_on_seed_and_index_alone():
    first, again = (CropDataset(PICTURES, CONFIG, 100)[7] for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    other = CropDataset(PICTURES, dataclasses.replace(CONFIG, seed=1), 100)[7]
    assert not torch.equal(first.pixels, other.pixels)


def test_late_batches_have_fewer_and_larger_crops():
    early, late = (CropDataset(PICTURES, CONFIG, 5)[index] for index in (4, 5))
    assert tuple(early.pixels.shape) == (4, 64, 64, 3)
    assert tuple(late.pixels.shape) == (1, 128, 128, 3)
    assert tuple(late.steps.shape) == (1, 8, 8)


def test_every_quality_of_the_scale_is_seen_and_levels_stay_inside_it():
    data = CropDataset(PICTURES, CONFIG, 1000)
    batches = [data[index] for index in range(60)]
    base = torch.cat([batch.base for batch in batches])
    assert base.min() < MIN_STEP + 40
    assert base.max() > MAX_STEP - 40
    steps = torch.cat([batch.steps.flatten() for batch in batches])
    assert steps.min() >= MIN_STEP
    assert steps.max() <= MAX_STEP
    assert any(len(batch.steps[0].unique()) > 1 for batch in batches)
    assert any(len(batch.steps[0].unique()) == 1 for batch in batches)


def test_scenes_are_of_the_training_split_and_none_of_their_pixels_is_resampled(monkeypatch):
    drawn = []

    def recorded(seed):
        drawn.append((seed, np.asarray(scene(seed).image)))
        return scene(seed)

    monkeypatch.setattr(crops, "scene", recorded)
    data = CropDataset(PICTURES, dataclasses.replace(CONFIG, crop=128, graphics=0.0, scenes=1.0), 1)
    early, late = data[0].pixels.numpy(), data[1].pixels.numpy()
    assert all(seed in SPLITS["train"] for seed, _ in drawn)
    for crop, (_, picture) in zip(early, drawn, strict=False):
        windows = np.lib.stride_tricks.sliding_window_view(picture[..., 1], (128, 128))
        assert (windows == crop[..., 1]).all((2, 3)).any()
    mirrored = np.pad(drawn[-1][1], ((0, 32), (0, 32), (0, 0)), mode="symmetric")
    assert (late[0] == mirrored).all()


def test_shares_of_more_than_all_crops_are_refused():
    with pytest.raises(ValueError, match=r"1 at most together, not 1\.1"):
        dataclasses.replace(CONFIG, graphics=0.5, scenes=0.6)


def test_photographs_too_small_for_a_late_crop_are_enlarged():
    only_photographs = dataclasses.replace(CONFIG, graphics=0.0)
    assert tuple(CropDataset(PICTURES, only_photographs, 0)[0].pixels.shape) == (1, 128, 128, 3)
