import pytest

from cotam.levelvqa.baselines import Guesser, measure_baselines
from cotam.levelvqa.questions import Question


def question(text, answer, family="exists"):
    return Question("0-exists", family, "high", text, answer)


TRAIN = [question("a?", "yes"), question("a?", "no"), question("a?", "no"), question("b?", "yes")] + [
    question("c?", "yes")
] * 2


def test_guesses_come_from_the_text_and_else_from_the_family():
    guesser = Guesser(TRAIN)
    assert guesser.majority("exists") == "yes"
    assert guesser.blind(question("a?", "")) == "no"
    assert guesser.blind(question("never seen?", "")) == "yes"
    assert guesser.blind(question("a?", "", "count")) == ""


def test_equally_frequent_answers_go_by_the_alphabet():
    for answers in (["yes", "no"], ["no", "yes"]):
        assert Guesser([question("a?", answer) for answer in answers]).majority("exists") == "no"


def test_both_baselines_are_measured_in_percent():
    (row,) = measure_baselines(
        TRAIN, [question("a?", "no"), question("a?", "no"), question("b?", "yes"), question("z?", "no")]
    )
    assert (row.family, row.level, row.questions, row.answer) == ("exists", "high", 4, "yes")
    assert row.majority == pytest.approx(25)
    assert row.blind == pytest.approx(75)
