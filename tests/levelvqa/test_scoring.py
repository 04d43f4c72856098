import json
from dataclasses import asdict, replace

import pytest

from cotam.errors import DatasetError
from cotam.levelvqa.answer_files import questions_of_ids, read_answers, read_questions
from cotam.levelvqa.normalising import normalised
from cotam.levelvqa.questions import questions_of
from cotam.levelvqa.sampling import sample_graph
from cotam.levelvqa.scoring import score


@pytest.fixture(scope="module")
def questions():
    return [question for seed in range(40) for question in questions_of(sample_graph(seed))]


@pytest.fixture
def truth(questions):
    return {question.id: question.answer for question in questions}


@pytest.fixture
def write(tmp_path):
    def lines(rows, name="answers.jsonl"):
        path = tmp_path / name
        texts = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        return path

    return lines


def rows_of(answers):
    return [{"id": name, "answer": answer} for name, answer in answers.items()]


@pytest.mark.parametrize(
    ("given", "same"),
    [
        ("Three.", "3"),
        (" NINE ", "9"),
        ("zero", "0"),
        ("a star", "star"),
        ("The Star.", "star"),
        ('"Stop"', "stop"),
        ("the", "the"),
        ("", ""),
    ],
)
def test_answers_are_compared_in_one_form(given, same):
    assert normalised(given) == same


def test_right_answers_score_a_hundred_and_wrong_ones_nothing(questions, truth):
    right = score({name: f" {answer.upper()}. " for name, answer in truth.items()}, questions)
    assert right.scenes == 40
    assert (right.overall.percent, right.overall.low, right.overall.high) == (100, 100, 100)
    wrong = score(dict.fromkeys(truth, "nonsense"), questions)
    assert (wrong.overall.right, wrong.overall.high) == (0, 0)
    assert wrong.overall.questions == len(questions)


def test_families_and_levels_are_counted_apart(questions, truth):
    answers = {name: answer if name.endswith("-count") else "no" for name, answer in truth.items()}
    report = score(answers, questions)
    assert report.families["count"].percent == 100
    assert report.families["digit"].percent == 0
    cross = [question for question in questions if question.level == "cross"]
    assert report.levels["cross"].questions == len(cross)
    assert report.levels["cross"].right == 40
    assert report.levels["low"].right == 0
    assert report.overall.right == sum(accuracy.right for accuracy in report.levels.values())


def test_intervals_come_from_scenes_and_not_from_questions(questions, truth):
    """All questions of a scene right or wrong together: the interval is that of 40 throws, not of hundreds."""
    answers = {name: answer if int(name.split("-")[0]) % 2 else "nonsense" for name, answer in truth.items()}
    overall = score(answers, questions).overall
    assert overall.low < overall.percent < overall.high
    assert 24 < overall.high - overall.low < 40


def test_a_report_is_the_same_for_the_same_seed_and_can_be_json(questions, truth):
    answers = {name: answer if int(name[0]) % 2 else "x" for name, answer in truth.items()}
    first = score(answers, questions, seed=3)
    assert first == score(answers, questions, seed=3)
    assert first != score(answers, questions, seed=4)
    assert json.loads(json.dumps(asdict(first)))["overall"]["right"] == first.overall.right


def test_answers_must_fit_the_questions(questions, truth):
    without = {name: answer for name, answer in truth.items() if name != "3-count"}
    with pytest.raises(ValueError, match="no answer to 3-count"):
        score(without, questions)
    with pytest.raises(ValueError, match="no such question: 99-count"):
        score({**truth, "99-count": "1"}, questions)
    with pytest.raises(ValueError, match="no question"):
        score({}, [])


def test_a_file_without_questions_is_scored_by_its_ids(write, questions, truth):
    answers, asked = read_answers(write(rows_of(truth)))
    assert answers == truth
    assert sorted(asked, key=lambda question: question.id) == sorted(questions, key=lambda q: q.id)


def test_some_families_alone_may_be_answered(write, truth):
    chosen = {name: answer for name, answer in truth.items() if name.endswith(("-count", "-exists"))}
    _, asked = read_answers(write(rows_of(chosen)))
    assert {question.family for question in asked} == {"count", "exists"}
    assert len(asked) == 80


def test_a_question_that_was_left_out_is_missed_even_so(write, truth):
    del truth["5-background"]
    with pytest.raises(DatasetError, match=r"answers\.jsonl: no answer to 5-background"):
        read_answers(write(rows_of(truth)))


def test_ids_of_other_formats_find_their_scenes():
    (question,) = questions_of_ids(["8-count-448-tiles"])
    assert question in questions_of(sample_graph(8, 448, "tiles"))


def test_numbers_and_empty_lines_are_taken(write):
    answer = next(question.answer for question in questions_of(sample_graph(1)) if question.family == "count")
    answers, _ = read_answers(write(["", {"id": "1-count", "answer": int(answer)}, "  "]))
    assert answers == {"1-count": answer}


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([{"id": "1-count", "answer": "1"}] * 2, "line 2: 1-count was answered in line 1 already"),
        (['{"id": "1-count"'], "line 1: is no JSON"),
        (["[1]"], "line 1: is no JSON object"),
        ([{"id": "1-count"}], "line 1: 'answer' of '1-count' is missing or no text"),
        ([{"answer": "1"}], "line 1: 'id' is missing or no text"),
        ([{"id": "1-count", "answer": True}], "line 1: 'answer' of '1-count' is missing"),
        ([{"id": "1-size", "answer": "1"}], "line 1: '1-size' is no id of a question: unknown family 'size'"),
        ([{"id": "one", "answer": "1"}], "line 1: 'one' is no id of a question"),
        ([], "holds no answers"),
    ],
)
def test_a_bad_line_is_named(write, rows, problem):
    with pytest.raises(DatasetError) as caught:
        read_answers(write(rows))
    assert f"answers.jsonl{',' if 'line' in problem else ':'} {problem}" in str(caught.value)


def test_a_question_that_a_scene_has_not_is_unknown(write):
    seed = next(seed for seed in range(20) if sample_graph(seed).digit is None)
    rows = [{"id": f"{seed}-count", "answer": "1"}, {"id": f"{seed}-digit", "answer": "1"}]
    with pytest.raises(DatasetError, match=f"line 2: no such question: {seed}-digit"):
        read_answers(write(rows))


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(DatasetError, match=r"none\.jsonl: cannot be read"):
        read_answers(tmp_path / "none.jsonl")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match="bytes: is no text"):
        read_questions(tmp_path / "bytes")


def test_the_truth_may_come_from_a_file_of_questions(write, questions):
    few = [replace(question, answer="seven") for question in questions[:3]]
    rows = [{"id": q.id, "question": q.text, "answer": q.answer} for q in few]
    path = write(rows, "questions.jsonl")
    asked = read_questions(path)
    assert list(asked) == few
    answers, _ = read_answers(write([{"id": q.id, "answer": "7"} for q in few]), asked)
    assert score(answers, asked).overall.percent == 100
    with pytest.raises(DatasetError, match="no such question"):
        read_answers(write([{"id": "39-count", "answer": "7"}]), asked)
    with pytest.raises(DatasetError, match=r"line 4: .* occurs twice"):
        read_questions(write([*rows, rows[0]], "twice.jsonl"))
    with pytest.raises(DatasetError, match="holds no questions"):
        read_questions(write([], "empty.jsonl"))
