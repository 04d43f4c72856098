"""Pictures larger than the tower's input."""

from itertools import pairwise

import numpy as np
import pytest

from cotam.guidance import TowerGuidance, looking
from cotam.guidance.hierarchical import MAX_TILES, Tile, join_tiles, tiles_of, uses_tiles
from cotam.guidance.maps import area_average, standardised

SIZES = [(336, 336), (337, 400), (2160, 3840), (100, 3000), (8192, 8192), (20, 65_536), (1, 337)]


@pytest.mark.parametrize("size", SIZES)
def test_tiles_cover_the_picture_and_overlap_by_an_eighth(size):
    tiles = tiles_of(*size, (336, 336))
    for length, starts, side in (
        (size[0], sorted({tile.top for tile in tiles}), tiles[0].height),
        (size[1], sorted({tile.left for tile in tiles}), tiles[0].width),
    ):
        assert starts[0] == 0
        assert starts[-1] + side == length
        assert all(b - a <= side * 7 / 8 + 1 for a, b in pairwise(starts))


@pytest.mark.parametrize("size", SIZES)
def test_the_number_of_tiles_is_bounded(size):
    assert len(tiles_of(*size, (336, 336))) <= MAX_TILES


def test_4k_is_looked_at_at_native_resolution():
    tiles = tiles_of(2160, 3840, (336, 336))
    assert len(tiles) == 104
    assert {(tile.height, tile.width) for tile in tiles} == {(336, 336)}


def test_joined_tiles_of_one_scene_are_the_scene():
    rng = np.random.default_rng(0)
    scene = rng.random((15, 21)).astype(np.float32)
    tiles = [Tile(top, left, 72, 72) for top in (0, 48) for left in (0, 48, 96)]
    maps = np.stack([scene[t.top // 8 : t.top // 8 + 9, t.left // 8 : t.left // 8 + 9] for t in tiles])
    np.testing.assert_allclose(join_tiles(tiles, maps, 120, 168), scene, rtol=1e-6)


def test_maps_are_averaged_where_tiles_overlap():
    tiles = [Tile(0, 0, 8, 16), Tile(0, 8, 8, 16)]
    maps = np.stack([np.full((1, 2), 1.0), np.full((1, 2), 3.0)])
    np.testing.assert_allclose(join_tiles(tiles, maps, 8, 24), [[1, 2, 3]])


def test_global_and_local_map_are_summed_with_equal_weight(scripted, photograph):
    pixels = photograph(32, 64, 8, 40, 16)
    both = TowerGuidance(scripted, hierarchical=True).importance(pixels)
    only_whole = TowerGuidance(scripted, hierarchical=False).importance(pixels)
    tiles = tiles_of(32, 64, scripted.input_size)
    maps = [TowerGuidance(scripted).importance(tile.cut(pixels)) for tile in tiles]
    local = join_tiles(tiles, np.stack(maps), 32, 64)
    whole = standardised(area_average(only_whole, *local.shape))
    np.testing.assert_allclose(both, whole + standardised(local), rtol=1e-4, atol=1e-5)


def test_tiles_place_what_the_squashed_picture_only_hints_at(scripted):
    pixels = np.full((256, 256, 3), 100, np.uint8)
    pixels[200:208, 40:48] = 255
    squashed, tiled = (
        area_average(TowerGuidance(scripted, hierarchical=choice).importance(pixels), 32, 32)
        for choice in (False, True)
    )
    assert (squashed > squashed.max() * 0.999).sum() == 64
    assert np.argwhere(tiled > tiled.max() * 0.999).tolist() == [[25, 5]]


def test_tiles_go_through_the_tower_in_bounded_batches(scripted, photograph, monkeypatch):
    monkeypatch.setattr(looking, "batch_size", lambda *_: 5)
    pixels = photograph(128, 160, 0, 0, 8)
    TowerGuidance(scripted, hierarchical=True).importance(pixels)
    tiles = len(tiles_of(128, 160, scripted.input_size))
    assert scripted.batches[0] == 1
    assert sum(scripted.batches[1:]) == tiles > 10
    assert max(scripted.batches) == 5


@pytest.mark.parametrize(
    ("hierarchical", "side", "expected"),
    [(True, 32, False), (True, 33, True), ("auto", 128, False), ("auto", 129, True), (False, 5000, False)],
)
def test_tiles_are_used_for_large_pictures(hierarchical, side, expected):
    assert uses_tiles(20, side, (32, 32), hierarchical) is expected


def test_another_choice_of_hierarchical_is_refused(scripted):
    with pytest.raises(ValueError, match="hierarchical must be True, False or 'auto', not 'on'"):
        TowerGuidance(scripted, hierarchical="on")
