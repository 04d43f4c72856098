"""Guidance joined to the codec: the level map that a stream carries, and what it costs."""

import numpy as np
import pytest

from cotam import read_info
from cotam.codec import Guide, LevelMap
from cotam.codec.guiding import side_information_bytes
from cotam.guidance import DEFAULT_GUIDANCE, LevelOptions, MapGuidance, UniformGuidance

from ..vision.conftest import checkpoint, transformers

__all__ = ["checkpoint", "transformers"]

HALF = np.array([[1.0, 0.0], [1.0, 0.0]])
"""The left half matters."""


class Counting:
    """A source that counts its calls."""

    name = "counting"

    def __init__(self):
        self.calls = 0

    def importance(self, pixels):
        self.calls += 1
        return HALF.astype(np.float32)


def half(**options):
    return Guide(MapGuidance(HALF), LevelOptions(grid=2, **options))


def test_the_default_is_uniform_and_changes_no_byte(random_codec, make_picture):
    picture = make_picture(64, 80)
    assert DEFAULT_GUIDANCE == "uniform"
    plain = random_codec.encode(picture, 40)
    assert plain == random_codec.encode(picture, 40, guidance="uniform")
    assert plain == random_codec.encode(picture, 40, guidance=Guide(UniformGuidance()))
    assert read_info(plain).level_map is None


def test_for_uniform_nothing_is_computed(make_picture, monkeypatch):
    monkeypatch.setattr(UniformGuidance, "importance", lambda *_: pytest.fail("was asked"))
    guide = Guide.parse()
    assert guide.is_uniform
    assert guide.level_map(make_picture(64, 80)).is_uniform


def test_a_guides_levels_number_and_strength_reach_the_stream(random_codec, make_picture):
    info = read_info(random_codec.encode(make_picture(64, 64), guidance=half(k=0.5, count=5, strength=7.5)))
    assert info.level_map == LevelMap([[2, -2], [2, -2]], 5, 7.5)


def test_guidance_by_name_is_the_level_map_that_it_makes(random_codec, make_picture):
    picture = make_picture(96, 128)
    level_map = Guide.parse("saliency:grid=4,k=0.5").level_map(picture)
    assert not level_map.is_uniform
    by_name = random_codec.encode(picture, guidance="saliency:grid=4,k=0.5")
    assert by_name == random_codec.encode(picture, level_map=level_map)


def test_every_picture_of_a_batch_gets_its_own_map(random_codec, make_picture):
    pictures = [make_picture(96, 128, seed) for seed in (0, 1)]
    streams = random_codec.encode_batch(pictures, 50, guidance="saliency:grid=4")
    assert streams == [random_codec.encode(picture, 50, guidance="saliency:grid=4") for picture in pictures]
    assert read_info(streams[0]).level_map != read_info(streams[1]).level_map


@pytest.mark.parametrize("target", [600, 1200, 2500])
def test_a_target_in_bytes_holds_with_guidance_which_is_asked_once(random_codec, make_picture, target):
    source = Counting()
    data = random_codec.encode(
        make_picture(256, 256), target_bytes=target, guidance=Guide(source, LevelOptions(2))
    )
    assert 0.8 * target < len(data) <= target
    assert read_info(data).level_map == LevelMap([[1, -1], [1, -1]])
    assert source.calls == 1


def test_raised_cells_come_closer_to_the_original(random_codec, make_picture):
    picture = make_picture(128, 128)
    guided = random_codec.decode_latents(random_codec.encode(picture, 40, guidance=half(strength=30)))
    assert guided.steps[:, :4].eq(8 * 70).all()
    assert guided.steps[:, 4:].eq(8 * 10).all()


def test_a_map_and_guidance_exclude_each_other(random_codec, make_picture):
    with pytest.raises(ValueError, match="level_map and guidance exclude each other"):
        random_codec.encode(make_picture(16, 16), level_map=LevelMap([[1]]), guidance="saliency")


@pytest.mark.parametrize("guidance", [3, LevelMap([[1]]), ["saliency"]])
def test_what_is_no_guidance_is_refused(random_codec, make_picture, guidance):
    with pytest.raises(TypeError, match="guidance must be a Guide or a text"):
        random_codec.encode(make_picture(16, 16), guidance=guidance)


def test_an_unknown_name_is_refused_with_those_that_are_known(random_codec, make_picture):
    with pytest.raises(ValueError, match="unknown guidance 'salient'; known: uniform, random, saliency"):
        random_codec.encode(make_picture(16, 16), guidance="salient")


def test_a_tower_is_loaded_once(checkpoint):
    text = f"{checkpoint('clip')}:layers=0"
    assert Guide.parse(text) is Guide.parse(text)
    assert Guide.parse(text).source.tower is Guide.parse(text).source.tower


def test_a_map_is_read_anew_each_time(tmp_path):
    from PIL import Image

    picture = np.zeros((20, 20, 3), np.uint8)
    for bright in (0, 1):
        values = np.zeros((2, 2), np.uint8)
        values[:, bright] = 255
        Image.fromarray(values).save(tmp_path / "m.png")
        levels = Guide.parse(f"map:{tmp_path / 'm.png'},grid=2").level_map(picture).levels
        assert levels[0, bright] == 1


def test_a_uniform_map_takes_one_byte():
    assert side_information_bytes(LevelMap(np.zeros((8, 8), np.int8))) == 1


@pytest.mark.parametrize("grid", [4, 8, 16])
def test_side_information_is_what_a_stream_grows_by(random_codec, make_picture, grid):
    picture = make_picture(256, 256)
    # quality 1 cannot be lowered: with such levels every cell is coded alike, and the map alone is added
    levels = -np.abs(np.random.default_rng(grid).integers(-1, 2, (grid, grid)))
    level_map = LevelMap(levels)
    grown = len(random_codec.encode(picture, 1, level_map=level_map)) - len(random_codec.encode(picture, 1))
    assert abs(grown - (side_information_bytes(level_map) - 1)) <= 1
