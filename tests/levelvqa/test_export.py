import io
import json
import sys
from dataclasses import replace

import pytest
from PIL import Image

from cotam.errors import DatasetError
from cotam.levelvqa import export as exporting
from cotam.levelvqa import scene, split_seeds
from cotam.levelvqa.answer_files import read_questions
from cotam.levelvqa.export import ExportPlan, export
from cotam.levelvqa.photographs import load_photographs

PLAN = ExportPlan("test", 18, seed_start=3)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "scenes"
    export(PLAN, folder)
    return folder


@pytest.fixture(scope="module")
def scenes():
    return [scene(seed) for seed in split_seeds("test", 18, 3)]


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_pictures_are_those_of_the_scenes(exported, scenes):
    assert len(list((exported / "images").iterdir())) == 18
    for shown in scenes:
        with Image.open(exported / "images" / f"{shown.graph.seed}.png") as image:
            assert (image.format, image.mode) == ("PNG", "RGB")
            assert image.tobytes() == shown.image.tobytes()


def test_json_lines_hold_every_question(exported, scenes):
    questions = [question for shown in scenes for question in shown.questions]
    assert list(read_questions(exported / "questions.jsonl")) == questions
    rows = [json.loads(line) for line in (exported / "questions.jsonl").read_text().splitlines()]
    assert all((exported / row["image"]).is_file() for row in rows)
    assert {row["level"] for row in rows} == {"low", "cross", "high"}


def test_parquet_holds_questions_and_pictures(exported, scenes):
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(exported / "levelvqa.parquet")
    assert table.column_names == ["id", "image", "question", "answer", "family", "level"]
    assert json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]["image"] == {
        "_type": "Image"
    }
    rows = table.to_pylist()
    expected = [(shown, question) for shown in scenes for question in shown.questions]
    assert len(rows) == len(expected)
    for row, (shown, question) in zip(rows, expected, strict=True):
        assert (row["id"], row["question"], row["answer"]) == (question.id, question.text, question.answer)
        assert (row["family"], row["level"]) == (question.family, question.level)
        assert row["image"]["path"] == f"{shown.graph.seed}.png"
    assert Image.open(io.BytesIO(rows[-1]["image"]["bytes"])).tobytes() == scenes[-1].image.tobytes()


def test_parquet_stores_each_picture_once(exported):
    pytest.importorskip("pyarrow")
    pictures = sum(path.stat().st_size for path in (exported / "images").iterdir())
    assert (exported / "levelvqa.parquet").stat().st_size < 1.1 * pictures


def test_conversations_ask_one_question_each(exported, scenes):
    rows = json.loads((exported / "conversations.json").read_text())
    assert len(rows) == sum(len(shown.questions) for shown in scenes)
    first = scenes[0].questions[0]
    assert rows[0]["id"] == first.id
    assert rows[0]["image"] == f"images/{scenes[0].graph.seed}.png"
    assert rows[0]["conversations"] == [
        {"from": "human", "value": f"<image>\n{first.text}"},
        {"from": "gpt", "value": first.answer},
    ]


def test_several_processes_write_the_same_bytes(exported, tmp_path):
    told = []
    export(PLAN, tmp_path / "scenes", workers=2, advance=told.append)
    assert sum(told) == 18
    assert files(tmp_path / "scenes") == files(exported)


def test_an_unfinished_export_is_resumed(exported, tmp_path, monkeypatch):
    folder = tmp_path / "scenes"

    def stop(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(PLAN, folder, advance=stop)
    (folder / ".cotam-0123.part").write_bytes(b"half")
    drawn = []
    render = exporting.render
    monkeypatch.setattr(
        exporting, "render", lambda graph, photographs: drawn.append(graph) or render(graph, photographs)
    )
    export(PLAN, folder)
    assert len(drawn) == 2, "sixteen pictures were there already"
    assert files(folder) == files(exported)


def test_a_finished_export_is_not_overwritten(exported):
    before = files(exported)
    with pytest.raises(DatasetError, match="holds this export already"):
        export(PLAN, exported)
    assert files(exported) == before


def test_a_folder_of_something_else_is_not_touched(tmp_path, exported):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DatasetError, match="not empty"):
        export(PLAN, tmp_path)
    with pytest.raises(DatasetError, match="is a file"):
        export(PLAN, tmp_path / "mine.txt")
    with pytest.raises(DatasetError, match="other settings"):
        export(replace(PLAN, num=19), exported)
    assert files(tmp_path) == {"mine.txt": b"mine"}


def test_formats_can_be_chosen_and_need_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    plan = ExportPlan("validation", 1, formats=("jsonl",))
    export(plan, tmp_path / "one")
    assert {path.name for path in (tmp_path / "one").iterdir()} == {
        "images",
        "questions.jsonl",
        "export.json",
    }
    with pytest.raises(DatasetError, match=r"pip install 'cotam\[eval\]'"):
        export(ExportPlan("validation", 1), tmp_path / "two")
    assert not (tmp_path / "two").exists()


def test_sizes_variants_and_photographs_reach_the_pictures(tmp_path):
    (tmp_path / "photographs").mkdir()
    Image.linear_gradient("L").save(tmp_path / "photographs" / "a.png")
    plan = ExportPlan("train", 1, 5, 448, "tiles", ("jsonl",), str(tmp_path / "photographs"))
    export(plan, tmp_path / "out")
    expected = scene(5, 448, "tiles", load_photographs(tmp_path / "photographs"))
    with Image.open(tmp_path / "out" / "images" / "5.png") as image:
        assert image.tobytes() == expected.image.tobytes()
    assert read_questions(tmp_path / "out" / "questions.jsonl") == expected.questions


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"split": "dev"}, "unknown split"),
        ({"num": 0}, "at least 1"),
        ({"size": 100}, "from 224 to 1024"),
        ({"formats": ("csv",)}, "unknown format 'csv'; there are jsonl, parquet, llava"),
        ({"formats": ()}, "format"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(change, problem):
    with pytest.raises(ValueError, match=problem):
        replace(PLAN, **change)
