import numpy as np
import pytest
from PIL import Image

from cotam.errors import DatasetError, ImageError
from cotam.levelvqa import questions_of, sample_graph, scene
from cotam.levelvqa.contact_sheet import contact_sheet
from cotam.levelvqa.photographs import LONGEST_SIDE, load_photographs


def test_a_scene_has_graph_picture_and_questions():
    shown = scene(3)
    assert shown.graph == sample_graph(3)
    assert shown.questions == questions_of(shown.graph)
    assert (shown.image.size, shown.image.mode) == ((224, 224), "RGB")
    assert np.array_equal(np.asarray(shown.image), np.asarray(scene(3).image))


def test_photographs_change_the_picture_and_not_the_questions():
    photograph = Image.linear_gradient("L").convert("RGB")
    plain, changed = scene(4), scene(4, photographs=[photograph])
    assert plain.questions == changed.questions
    assert plain.image.tobytes() != changed.image.tobytes()


def test_a_scene_of_a_bad_format_is_refused():
    with pytest.raises(ValueError, match="from 448 to 1024"):
        scene(0, 224, "tiles")


def test_photographs_are_read_in_order_and_reduced(tmp_path):
    (tmp_path / "below").mkdir()
    for name, size in (("b.png", (900, 500)), ("a.jpg", (100, 80)), ("below/c.png", (40, 700))):
        Image.new("RGB", size).save(tmp_path / name)
    sizes = [photograph.size for photograph in load_photographs(tmp_path)]
    assert sizes[0] == (100, 80)
    assert len(sizes) == 3
    assert all(max(size) <= LONGEST_SIDE for size in sizes)


def test_a_folder_without_photographs_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="holds no picture"):
        load_photographs(tmp_path)
    with pytest.raises(ImageError, match="no such folder"):
        load_photographs(tmp_path / "none")


def test_a_contact_sheet_shows_every_picture_as_it_is():
    scenes = [scene(seed) for seed in range(3)]
    sheet = contact_sheet(scenes)
    one = contact_sheet(scenes[:1])
    assert sheet.width == 2 * one.width
    assert sheet.height == 2 * one.height
    assert sheet.crop((12, 12, 236, 236)).tobytes() == scenes[0].image.tobytes()
    beside = np.asarray(one.convert("L"))[:, 248:]
    assert (beside < 128).sum() > 500, "there is text beside the picture"


def test_large_pictures_are_reduced_on_a_contact_sheet():
    assert contact_sheet([scene(1, 1024, "tiles")]).height < 500


def test_a_contact_sheet_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        contact_sheet([])
