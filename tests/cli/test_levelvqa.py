import json

import pytest
from PIL import Image

from cotam.levelvqa import questions_of, sample_graph


@pytest.fixture
def exported(cotam, tmp_path):
    folder = tmp_path / "scenes"
    ran = cotam(
        "levelvqa", "export", "--num", 3, "--seed-start", 2, "--out", folder, "--format", "jsonl,llava"
    )
    assert ran.code == 0, ran.err
    return folder


@pytest.fixture
def answers(exported, tmp_path):
    """Right answers, but for those to "exists"."""
    rows = [json.loads(line) for line in (exported / "questions.jsonl").read_text().splitlines()]
    path = tmp_path / "answers.jsonl"
    lines = ({"id": r["id"], "answer": "?" if r["family"] == "exists" else r["answer"]} for r in rows)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize("command", ["answer", "export", "score", "show", "baselines"])
def test_every_command_has_help_with_an_example(cotam, command):
    assert f"Example: cotam levelvqa {command}" in cotam("levelvqa", command, "--help").out.decode()


def test_the_group_is_in_the_help(cotam):
    assert "levelvqa" in cotam("--help").out.decode()


def test_an_export_says_what_it_wrote(cotam, tmp_path):
    ran = cotam(
        "levelvqa", "export", "--num", 1, "--split", "train", "--out", tmp_path / "a", "--format", "jsonl"
    )
    count = len(questions_of(sample_graph(0)))
    assert ran.err.strip() == f"{tmp_path / 'a'}: 1 scene, {count} questions"
    assert (tmp_path / "a" / "images" / "0.png").is_file()


@pytest.mark.parametrize("named", [True, False])
def test_answers_are_scored_with_and_without_the_questions(cotam, exported, answers, named):
    options = ["--questions", exported / "questions.jsonl"] if named else []
    report = json.loads(cotam("levelvqa", "score", answers, "--json", *options).out)
    assert report["scenes"] == 3
    assert report["families"]["exists"]["right"] == 0
    assert report["levels"]["low"]["percent"] == 100
    assert report["overall"]["questions"] == len(answers.read_text().splitlines())


def test_the_table_names_families_levels_and_intervals(cotam, answers):
    shown = cotam("levelvqa", "score", answers).out.decode()
    for name in ("main_colour", "exists", "cross level", "overall", "interval"):
        assert name in shown


def test_a_contact_sheet_is_written(cotam, tmp_path):
    ran = cotam("levelvqa", "show", "--num", 2, "-o", tmp_path / "sheet.png")
    assert ran.code == 0
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 2 * 224


def test_baselines_are_printed(cotam):
    options = "--num", 60, "--train", 100
    rows = json.loads(cotam("levelvqa", "baselines", *options, "--json").out)
    assert {row["family"] for row in rows} >= {"count", "exists"}
    assert all(0 <= row["blind"] <= 100 for row in rows)
    shown = cotam("levelvqa", "baselines", *options).out.decode()
    assert "majority" in shown
    assert "coloured_object" in shown


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("export", "--num", 1, "--split", "dev", "--out", "x"), "unknown split 'dev'"),
        (("export", "--num", 0, "--out", "x"), "at least 1"),
        (("export", "--num", 1, "--size", 100, "--out", "x"), "from 224 to 1024"),
        (("export", "--num", 1, "--variant", "tiles", "--out", "x"), "from 448 to 1024"),
        (("export", "--num", 1, "--format", "csv", "--out", "x"), "unknown format 'csv'"),
        (("show", "--split", "dev", "-o", "x.png"), "unknown split 'dev'"),
        (("show", "--seed-start", -1, "-o", "x.png"), "has no scenes"),
        (("show", "-o", "nowhere/x.png"), "there is no folder nowhere"),
        (("show", "--num", 1, "-o", "x.none"), "no picture format is known"),
        (("baselines", "--num", 0), "at least 1"),
        (("baselines", "--split", "train"), "--seed-start 20000"),
    ],
)
def test_bad_use_is_one_line(cotam, tmp_path, monkeypatch, words, problem):
    monkeypatch.chdir(tmp_path)
    ran = cotam("levelvqa", *words)
    assert ran.code == 2
    assert problem in ran.problem
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([("7-colours", "red")], "line 1: '7-colours' is no id of a question: unknown family 'colours'"),
        ([("7-count", "1"), ("7-count", "1")], "line 2: 7-count was answered in line 1 already"),
        ([("7-count", "1"), ("8-count", "1"), ("8-exists", "no")], "no answer to 7-exists"),
    ],
)
def test_bad_answers_are_one_line_that_names_file_and_id(cotam, tmp_path, lines, problem):
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps({"id": name, "answer": answer}) + "\n" for name, answer in lines))
    ran = cotam("levelvqa", "score", path)
    assert ran.code == 1
    assert ran.problem.startswith(str(path))
    assert problem in ran.problem


def test_a_folder_in_use_is_refused_in_one_line(cotam, exported):
    ran = cotam("levelvqa", "export", "--num", 3, "--out", exported)
    assert ran.code == 1
    assert "other settings" in ran.problem


class Knowing:
    """A model that knows the tenth test scene, but not how to count."""

    name = "knowing"

    def answer_batch(self, asked, **options):
        assert options["batch_size"] == 5
        truth = {question.text: question for question in questions_of(sample_graph(2**63 + 9))}
        return ["none" if truth[text].family == "count" else truth[text].answer for _, text in asked]


def test_answers_of_a_model_are_scored_beside_the_baselines(cotam, tmp_path, monkeypatch):
    monkeypatch.setattr("cotam.load_mllm", lambda *_, **__: Knowing())
    monkeypatch.setattr("cotam.cli.levelvqa_answer.BASELINE_SCENES", 50)
    answers, figures = tmp_path / "answers.jsonl", tmp_path / "figures.json"
    ran = cotam(
        *("levelvqa", "answer", "--num", 1, "--seed-start", 9, "--batch", 5),
        *("--out", answers, "--report", figures, "--json"),
    )
    assert ran.code == 0, ran.err
    report = json.loads(ran.out)
    asked = questions_of(sample_graph(2**63 + 9))
    assert report["families"]["count"]["percent"] == 0
    assert report["overall"]["right"] == len(asked) - 1
    assert {row["family"] for row in report["baselines"]} == {question.family for question in asked}
    assert report["seconds_per_question"] >= 0
    written = json.loads(figures.read_text())
    assert written["mllm"] == "knowing"
    assert written["versions"]["python"]
    again = json.loads(cotam("levelvqa", "score", answers, "--json").out)
    assert again["overall"] == report["overall"]
