"""Guidance on the command line: ``encode`` with its options, ``importance``, ablations by name."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from cotam import read_info
from cotam.cli.guidance_options import GuidanceChoice
from cotam.evaluation.rivals import load_rivals, split_names

from ..vision.conftest import checkpoint, transformers

__all__ = ["checkpoint", "transformers"]


@pytest.fixture
def encode(cotam, photo, random_model_path, tmp_path):
    """Encode the photo; what ran, and the stream's description if there is one."""
    target = tmp_path / "guided.cotam"

    def run(*arguments):
        ran = cotam("encode", photo, target, "--model", random_model_path, *arguments)
        return ran, read_info(target.read_bytes()) if target.exists() else None

    return run


@pytest.fixture
def grey_map(tmp_path):
    path = tmp_path / "map, drawn+by hand.png"
    Image.fromarray(np.repeat([[255, 0]], 2, 0).astype(np.uint8)).save(path)
    return path


def test_boxes_and_the_options_of_the_level_map_reach_the_stream(encode):
    ran, info = encode("--roi", "0,0,24,20", "--grid", "2", "--levels", 5, "--strength", 2.5, "--k", 0.5)
    assert ran.code == 0
    assert info.level_map.levels.tolist() == [[2, -1], [-1, -1]]
    assert (info.level_map.count, info.level_map.strength) == (5, 2.5)


def test_several_boxes_may_be_given(encode):
    _, info = encode("--roi", "0,0,24,20", "--roi", "24,20,24,20", "--grid", "2")
    assert info.level_map.levels.tolist() == [[1, -1], [-1, 1]]


def test_a_file_is_a_map_whatever_its_name(encode, grey_map):
    _, info = encode("--guidance", grey_map, "--grid", "2x2")
    assert info.level_map.levels.tolist() == [[1, -1], [1, -1]]


def test_options_win_over_those_in_the_text(encode):
    _, info = encode("--guidance", "saliency:grid=16,levels=5", "--grid", "3x4")
    assert info.level_map.levels.shape == (3, 4)
    assert info.level_map.count == 5


@pytest.mark.parametrize("arguments", [(), ("--guidance", "uniform"), ("--guidance", "uniform", "--grid", 4)])
def test_without_guidance_the_map_is_uniform(encode, arguments):
    assert encode(*arguments)[1].level_map is None


def test_a_tower_guides_with_the_layers_asked_for(encode, checkpoint):
    maps = []
    for layers in ("0", "1-2", "1,2"):
        ran, info = encode("--guidance", checkpoint("clip"), "--layers", layers, "--grid", 4)
        assert ran.code == 0
        maps.append(info.level_map)
    assert maps[0] != maps[1] == maps[2]


def test_a_prompt_changes_the_map(encode, checkpoint):
    tower = ("--guidance", checkpoint("clip-and-text"), "--grid", 4)
    prompted = encode(*tower, "--prompt", "a red sign, that says stop")[1].level_map
    assert prompted != encode(*tower)[1].level_map


def test_target_bytes_hold_with_guidance(encode):
    _, largest = encode("-q", 100, "--guidance", "saliency")
    _, info = encode("--target-bytes", largest.total_bytes - 10, "--guidance", "saliency")
    assert info.total_bytes <= largest.total_bytes - 10


def test_a_similarity_is_reached_with_the_tower_of_the_guidance_or_another(encode, checkpoint):
    minimum = ("--min-similarity", 0.01, "--similarity-layer", 0)
    assert encode("--guidance", checkpoint("clip"), *minimum)[1].quality < 100
    assert encode("--similarity-tower", checkpoint("siglip"), *minimum)[1].quality < 100


def test_a_similarity_out_of_reach_is_bad_use_and_says_what_can_be_reached(encode, checkpoint):
    ran, info = encode("--similarity-tower", checkpoint("siglip"), "--min-similarity", 0.999999)
    assert (ran.code, info) == (2, None)
    assert "quality 100 reaches" in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--roi", "40,0,20,20"), "roi 40,0,20,20 reaches beyond the picture of 48 x 40 pixels"),
        (("--roi", "0,0,20"), "--roi must be x,y,width,height"),
        (("--roi", "0,0,0,20"), "positive size"),
        (("--guidance", "nothing"), "unknown guidance 'nothing'; known: uniform"),
        (("--guidance", "saliency", "--k", "9"), "k must be from 0.05 to 4"),
        (("--guidance", "saliency", "--grid", "129"), "grid must be rows and columns from 1 to 128"),
        (("--guidance", "saliency", "--grid", "big"), "grid=big is not understood"),
        (("--guidance", "saliency", "--levels", "4"), "count must be one of 3, 5, 7, 9"),
        (("--guidance", "saliency", "--strength", "80"), "strength must be from 0.5 to 50"),
        (("--guidance", "saliency", "--layers", "0-2"), "--layers needs --guidance to name one vision tower"),
        (("--prompt", "the sign"), "--prompt needs --guidance to name one vision tower"),
        (("--min-similarity", "0.9"), "name one with --similarity-tower"),
        (("--min-similarity", "2", "--similarity-tower", "clip"), "must be between 0 and 1"),
        (("--similarity-tower", "clip"), "need --min-similarity"),
        (
            ("--min-similarity", "0.9", "--similarity-tower", "clip", "-q", "40"),
            "--quality and --min-similarity exclude each other",
        ),
    ],
)
def test_bad_use_is_one_line_and_writes_nothing(encode, arguments, said):
    ran, info = encode(*arguments)
    assert (ran.code, info) == (2, None)
    assert said in ran.problem


def test_a_map_in_colour_and_one_that_is_no_picture_are_bad_data(encode, tmp_path):
    Image.new("RGB", (4, 4), "red").save(tmp_path / "red.png")
    (tmp_path / "words.txt").write_text("words")
    for name, said in (("red.png", "is a picture in colour"), ("words.txt", "is not a picture")):
        ran, info = encode("--guidance", tmp_path / name)
        assert (ran.code, info) == (1, None)
        assert said in ran.problem
        assert name in ran.problem


def test_a_folder_that_is_no_tower_and_pickled_weights_are_bad_data(encode, checkpoint, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "pickled").mkdir()
    config = (checkpoint("clip") / "config.json").read_text()
    (tmp_path / "pickled" / "config.json").write_text(config)
    (tmp_path / "pickled" / "pytorch_model.bin").write_bytes(b"")
    text_only = checkpoint("text-only")
    for folder, said in (
        (tmp_path / "empty", "has no config.json"),
        (tmp_path / "pickled", "only pickled weights (pytorch_model.bin)"),
        (text_only, "no vision tower"),
    ):
        ran, info = encode("--guidance", folder)
        assert (ran.code, info) == (1, None)
        assert said in ran.err.splitlines()[-1]


def test_importance_writes_a_picture_wider_than_one_panel(cotam, photo, tmp_path):
    ran = cotam("importance", photo, "-o", tmp_path / "map.png", "--guidance", "saliency", "--grid", 4)
    assert (ran.code, ran.out) == (0, b"")
    with Image.open(tmp_path / "map.png") as drawn:
        assert drawn.width > 1.5 * drawn.height
    assert "saliency, 4 x 4 cells in" in ran.err


def test_importance_says_that_it_shows_saliency_where_nothing_is_named(cotam, photo):
    ran = cotam("importance", photo, "--json")
    assert "no --guidance given: showing saliency" in ran.err
    assert json.loads(ran.out)["guidance"] == "saliency"
    named = cotam("importance", photo, "--json", "--roi", "0,0,24,20")
    assert named.err == ""


def test_importance_shows_the_map_that_encode_stores(cotam, photo, encode):
    arguments = ("--guidance", "random:seed=2", "--grid", 4)
    shown = json.loads(cotam("importance", photo, "--json", *arguments).out)
    assert shown["level_map"]["levels"] == encode(*arguments)[1].level_map.levels.tolist()
    assert np.isfinite(shown["importance"]).all()
    assert shown["side_information_bytes"] > 4


def test_importance_goes_to_standard_output(cotam, photo, photo_data):
    ran = cotam("importance", "-", "-o", "-", "--guidance", "saliency", stdin=photo_data)
    assert Image.open(io.BytesIO(ran.out)).format == "PNG"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "-o map.png"),
        (("-o", "map.jpg"), "the map is a .png file"),
        (("-o", "-", "--json"), "--json needs standard output"),
        (("--json", "--guidance", "nothing"), "unknown guidance"),
        (("--json", "--roi", "0,0,500,5"), "reaches beyond the picture"),
    ],
)
def test_bad_use_of_importance_is_one_line(cotam, photo, arguments, said):
    ran = cotam("importance", photo, *arguments)
    assert ran.code == 2
    assert said in ran.problem


def test_names_of_ablations_keep_their_commas():
    text = "jpeg, cotam-s,cotam-s+clip:layers=0-2,grid=8,cotam-s+roi:1,2,3,4,webp"
    assert split_names(text) == [
        "jpeg",
        "cotam-s",
        "cotam-s+clip:layers=0-2,grid=8",
        "cotam-s+roi:1,2,3,4",
        "webp",
    ]


def test_an_ablation_is_a_rival_with_its_level_map(random_model_path, photo):
    name = "cotam-s+saliency:grid=4,strength=5"
    pixels = np.asarray(Image.open(photo))
    rival = load_rivals([name], str(random_model_path))[0]
    coded = rival.encoder(pixels)(50)
    info = read_info(coded.data)
    assert rival.name == name
    assert "guidance saliency" in rival.settings
    assert (info.level_map.levels.shape, info.level_map.strength, info.quality) == ((4, 4), 5, 50)
    assert rival.decode(coded.data).shape == pixels.shape


def test_bench_rate_compares_ablations(cotam, photo, random_model_path, tmp_path):
    codecs = "cotam-s,cotam-s+saliency:grid=4,k=0.5,cotam-s+random:seed=1"
    options = ("--anchor", "cotam-s", "--qualities", "20,60", "--model", random_model_path)
    ran = cotam(
        "bench", "rate", "--images", photo.parent, "--codecs", codecs, *options, "--json", tmp_path / "r.json"
    )
    assert ran.code == 0, ran.err
    report = json.loads((tmp_path / "r.json").read_text())
    assert [row["codec"] for row in report["codecs"]] == [
        "cotam-s",
        "cotam-s+saliency:grid=4,k=0.5",
        "cotam-s+random:seed=1",
    ]
    assert report["regularity"]["over_qualities"] == [20, 60]


def test_an_ablation_of_unknown_guidance_is_bad_use(cotam, photo):
    ran = cotam("bench", "rate", "--images", photo.parent, "--codecs", "jpeg,cotam-s+nothing")
    assert ran.code == 2
    assert "unknown guidance 'nothing'" in ran.problem


def test_bench_guidance_reports_regions_side_information_and_time(
    cotam, photo, random_model_path, tmp_path, transformers
):
    with Image.open(photo) as small:
        small.resize((160, 128)).save(photo)
    target = tmp_path / "g.json"
    options = ("--repeat", 1, "--model", random_model_path, "--json", target)
    assert cotam("bench", "guidance", "--images", photo.parent, *options).code == 0
    report = json.loads(target.read_text())
    assert [row["region"] for row in report["regions"]] == ["lowered", "kept", "raised"]
    assert report["side_information"]["uniform"] == 1
    assert set(report["timing"]["milliseconds"]) == {"guidance", "analysis transform", "entropy stage"}
    assert all(row["guided_bytes"] <= row["uniform_bytes"] for row in report["streams"])


def test_a_choice_that_names_nothing_is_the_default():
    assert GuidanceChoice().guide().is_uniform
