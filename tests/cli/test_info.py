import json

import numpy as np
import pytest
from PIL import Image

from cotam import LevelMap, load_codec, read_info
from cotam.cli.level_map_drawing import level_map_drawing


@pytest.fixture
def mapped(random_model_path, tmp_path):
    """A stream with a level map of three rows and four columns."""
    levels = np.array([[-1, 0, 0, 1], [0, 1, 1, 0], [0, 0, -1, -1]])
    path = tmp_path / "mapped.cotam"
    picture = Image.linear_gradient("L").convert("RGB")
    path.write_bytes(load_codec(random_model_path).encode(picture, 50, level_map=LevelMap(levels)))
    return path


def test_the_table_tells_size_quality_and_bytes_per_part(cotam, stream):
    ran = cotam("info", stream)
    shown, info = ran.out.decode(), read_info(stream.read_bytes())
    assert ran.code == 0
    for text in ("48 x 40", "30", info.model_id, f"payload {info.parts['payload']:,}", "uniform"):
        assert text in shown


def test_json_equals_the_library_s_own_description(cotam, mapped):
    assert json.loads(cotam("info", mapped, "--json").out) == read_info(mapped.read_bytes()).to_dict()


def test_a_level_map_is_legible_without_colour(cotam, mapped):
    lines = cotam("info", mapped).out.decode().splitlines()
    start = lines.index("-1 · ·+1")
    assert lines[start + 1 : start + 3] == [" ·+1+1 ·", " · ·-1-1"]


def test_a_drawn_level_map_has_a_colour_for_each_level():
    drawing = level_map_drawing(np.array([[-2, -1, 0, 1, 2]], dtype=np.int8), width=80)
    assert len({str(span.style) for span in drawing.spans}) == 5


def test_a_level_map_that_is_too_wide_is_thinned_and_says_so():
    levels = np.tile(np.array([0, 1], dtype=np.int8), (8, 64))
    lines = level_map_drawing(levels, width=80).plain.splitlines()
    assert lines[:3] == [" ·" * 32, " ·" * 32, "(one cell in 4 by 4 is shown)"]


def test_standard_input_is_described(cotam, stream):
    assert json.loads(cotam("info", "-", "--json", stdin=stream.read_bytes()).out)["width"] == 48


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "empty"), (b"\x89PNG\r\n\x1a\n" * 4, "not a cotam stream")]
)
def test_what_is_no_stream_is_bad_data(cotam, tmp_path, content, said):
    (tmp_path / "x.cotam").write_bytes(content)
    ran = cotam("info", tmp_path / "x.cotam")
    assert ran.code == 1
    assert f"{tmp_path / 'x.cotam'}: {said}" in ran.problem


def test_a_folder_is_bad_use(cotam, tmp_path):
    ran = cotam("info", tmp_path)
    assert ran.code == 2
    assert "is a folder" in ran.problem
