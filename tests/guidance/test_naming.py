"""Guidance by name."""

import numpy as np
import pytest
from PIL import Image

import cotam.vision
from cotam.errors import ModelError
from cotam.guidance import (
    DEFAULT_GUIDANCE,
    TOWERS,
    LevelOptions,
    MapGuidance,
    PromptGuidance,
    RandomGuidance,
    RoiGuidance,
    SaliencyGuidance,
    TowerGuidance,
    UniformGuidance,
    parse_guidance,
)
from cotam.guidance.combining import CombinedGuidance

PICTURE = np.zeros((20, 30, 3), np.uint8)


@pytest.fixture
def asked(monkeypatch, scripted):
    """The names and options that towers are loaded by; every tower is the scripted one."""
    calls = []
    monkeypatch.setattr(
        cotam.vision, "load_tower", lambda name, **options: calls.append((name, options)) or scripted
    )
    return calls


def test_the_default_is_uniform_with_the_papers_levels():
    guidance, options = parse_guidance(DEFAULT_GUIDANCE)
    assert isinstance(guidance, UniformGuidance)
    assert options == LevelOptions(grid="auto", k=0.75, count=3, strength=10)


def test_sources_without_a_tower_are_made_by_name(tmp_path):
    Image.fromarray(PICTURE).save(tmp_path / "map.png")
    assert isinstance(parse_guidance("saliency")[0], SaliencyGuidance)
    assert isinstance(parse_guidance(f"map:{tmp_path / 'map.png'}")[0], MapGuidance)
    random = parse_guidance("random:seed=3,like=saliency")[0]
    assert isinstance(random, RandomGuidance)
    assert random.name == "random:seed=3,like=saliency"


def test_boxes_are_given_by_four_numbers_each():
    roi, options = parse_guidance("roi:1,2,3,4,5.5,6,7,8,grid=16")
    assert isinstance(roi, RoiGuidance)
    assert roi.boxes == ((1, 2, 3, 4), (5.5, 6, 7, 8))
    assert options.grid == 16


def test_level_options_are_read_wherever_they_stand():
    _, options = parse_guidance("random:seed=1,grid=8x12,k=0.5+saliency:levels=5,strength=7.5")
    assert options == LevelOptions((8, 12), 0.5, 5, 7.5)


@pytest.mark.parametrize("name", ["a/tower", "clip", "dinov3"])
def test_a_tower_is_a_hub_id_or_a_short_name(name, asked):
    guidance, options = parse_guidance(f"{name}:layers=0-1/3,grid=8", tower_options={"device": "cuda"})
    assert asked == [(TOWERS.get(name, name), {"device": "cuda"})]
    assert isinstance(guidance, TowerGuidance)
    assert guidance.layers == (0, 1, 3)
    assert options.grid == 8


def test_a_tower_without_options_looks_with_its_first_three_layers(asked):
    guidance, _ = parse_guidance("clip")
    assert (guidance.layers, guidance.attention, guidance.hierarchical) == ((0, 1, 2), "class", "auto")


def test_a_folder_is_a_tower(checkpoint, monkeypatch):
    folder = checkpoint("siglip")
    assert parse_guidance(str(folder))[0].importance(PICTURE).shape == (4, 4)
    monkeypatch.chdir(folder.parent)
    assert parse_guidance("./siglip:layers=0")[0].layers == (0,)


def test_options_of_a_tower_are_read(asked):
    guidance, _ = parse_guidance("clip:attention=received,hierarchical=off")
    assert (guidance.attention, guidance.hierarchical) == ("received", False)


def test_a_prompt_is_combined_with_the_towers_attention(asked):
    guidance, _ = parse_guidance("clip:prompt=what does the sign say")
    assert isinstance(guidance, CombinedGuidance)
    looking, prompt = guidance.sources
    assert isinstance(looking, TowerGuidance)
    assert isinstance(prompt, PromptGuidance)
    assert prompt.prompt == "what does the sign say"


def test_a_tower_that_is_named_twice_is_loaded_once(asked):
    guidance, _ = parse_guidance("clip+random:like=clip+roi:0,0,5,5")
    assert len(asked) == 1
    assert len(guidance.sources) == 3


@pytest.mark.parametrize("text", ["", "clipp", "uniform+", "CLIP", "map.png"])
def test_an_unknown_name_is_refused_with_all_that_are_known(text):
    with pytest.raises(
        ValueError, match=r"unknown guidance .*; known: uniform, random, saliency, map:FILE.*clip, "
    ):
        parse_guidance(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("random:sead=3", r"no option 'sead'; known: seed, like, grid, k, levels, strength"),
        ("clip:layer=0", r"no option 'layer'; known: layers, attention, hierarchical, prompt, grid"),
        ("uniform:layers=0", r"no option 'layers'; known: grid"),
        ("random:seed=x", r"seed=x is not understood; right is a whole number"),
        ("clip:layers=0..2", r"layers=0\.\.2 is not understood; right is numbers and ranges such as 0-2"),
        ("clip:layers=9", r"layers must be block numbers from 0 to 3"),
        ("clip:hierarchical=yes", r"right is on, off, auto"),
        ("uniform:grid=8x", r"grid=8x is not understood"),
        ("uniform:grid=a", r"grid=a is not understood; right is a number such as 8, rows x columns"),
        ("uniform:grid=300", r"grid must be rows and columns from 1 to 128"),
        ("uniform:k=9", r"k must be from 0\.05 to 4"),
        ("uniform:levels=4", r"count must be one of 3, 5, 7, 9"),
        ("saliency:grid=8+uniform:grid=9", r"grid is given twice, 8 and 9"),
        ("random:seed=1,seed=2", r"gives an option twice"),
        ("random:seed=1,2", r"'2' is no option=value"),
        ("map", r"needs one file"),
        ("map:", r"needs one file"),
        ("roi:1,2,3", r"four numbers x,y,w,h for each box"),
        ("roi:a,b,c,d", r"needs numbers x,y,w,h"),
        ("roi", r"at least one box"),
    ],
)
def test_a_mistake_is_named(text, message, asked):
    with pytest.raises(ValueError, match=message):
        parse_guidance(text)


def test_a_folder_without_a_tower_is_the_loaders_error(tmp_path):
    with pytest.raises(ModelError):
        parse_guidance(str(tmp_path))
