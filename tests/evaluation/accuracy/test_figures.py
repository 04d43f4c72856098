import numpy as np
import pytest

from cotam.evaluation.accuracy.cache import Entry
from cotam.evaluation.accuracy.figures import bd_rows, difference_rows, figures
from cotam.evaluation.accuracy.plan import Plan, Rate
from cotam.evaluation.accuracy.report import accuracy_report, answers_of
from cotam.evaluation.accuracy.run import Measured
from cotam.evaluation.methods import load_methods
from cotam.levelvqa import LEVELS, questions_of, sample_graph, split_seeds
from cotam.levelvqa.scoring import score

NUM, RATES = 40, (0.1, 0.2, 0.4)
PLAN = Plan(("jpeg", "webp"), bpps=RATES, num=NUM)
QUESTIONS = [questions_of(sample_graph(seed)) for seed in split_seeds("test", NUM)]
METHODS = load_methods(PLAN.methods)


def measured(chances: dict[str, tuple[float, ...]], scale: dict[str, float] | None = None) -> Measured:
    """Each question has a difficulty of its own, the same for all: whoever has the higher chance knows more."""
    rng = np.random.default_rng(5)
    hard = [{question.family: rng.random() for question in own} for own in QUESTIONS]
    entries = {}
    for name, shares in chances.items():
        for bpp, share in zip(RATES, shares, strict=True):
            size = round(bpp * (scale or {}).get(name, 1.0) * 224 * 224 / 8)
            entries[name, Rate("bpp", bpp)] = [
                Entry(
                    size,
                    True,
                    30.0,
                    0.1,
                    0.1,
                    {
                        question.family: question.answer if hard[row][question.family] < share else "?"
                        for question in own
                    },
                )
                for row, own in enumerate(QUESTIONS)
            ]
    return Measured(PLAN, METHODS, QUESTIONS, entries, "m", {})


def test_half_the_bytes_for_the_same_answers_is_minus_50_percent_everywhere():
    curve = (0.4, 0.6, 0.8)
    found = figures(measured({"jpeg": curve, "webp": curve}, {"webp": 0.5}))
    rows = list(bd_rows(found, "jpeg"))
    assert [row["group"] for row in rows] == ["overall", *LEVELS]
    for row in rows:
        assert row["percent"] == pytest.approx(-50, abs=0.1)
        assert row["interval"] == pytest.approx([-50, -50], abs=0.1)
        assert row["resamples_defined"] == 1


def test_curves_without_overlap_have_a_reason_and_no_figure():
    found = figures(measured({"jpeg": (0.1, 0.2, 0.3), "webp": (0.6, 0.7, 0.8)}))
    row = next(bd_rows(found, "jpeg"))
    assert row["percent"] is None
    assert "no accuracy that both reach" in row["problem"]


def test_gains_at_equal_bytes_are_paired_so_their_intervals_are_narrower_than_the_accuracies():
    found = figures(measured({"jpeg": (0.4, 0.5, 0.6), "webp": (0.45, 0.5, 0.7)}))
    gains = list(difference_rows(found, "jpeg"))
    assert [row["rate"] for row in gains] == ["bpp 0.1", "bpp 0.2", "bpp 0.4"]
    assert gains[1]["overall"] == {"points": 0, "low": 0, "high": 0}
    assert gains[2]["overall"]["low"] > 0
    drawn = found.curves["webp"][0].drawn_accuracy["overall"]
    width = gains[0]["overall"]["high"] - gains[0]["overall"]["low"]
    assert 0 < width < np.percentile(drawn, 97.5) - np.percentile(drawn, 2.5)


def test_accuracies_are_those_of_levelvqa_score_on_the_same_answers():
    whole = measured({"jpeg": (0.3, 0.5, 0.9), "webp": (0.2, 0.5, 0.8)})
    rows = accuracy_report(whole, "jpeg")["rows"]
    for row in rows:
        rate = Rate("bpp", float(row["rate"].removeprefix("bpp ")))
        answers = dict(answers_of(whole, row["method"], rate))
        expected = score(answers, [question for own in QUESTIONS for question in own])
        for mine, theirs in (
            (row["overall"], expected.overall),
            *((row["levels"][level], expected.levels[level]) for level in LEVELS),
            *((row["families"][name], family) for name, family in expected.families.items()),
        ):
            assert (mine["questions"], mine["right"]) == (theirs.questions, theirs.right)
            assert mine["percent"] == pytest.approx(theirs.percent, rel=1e-5)
            assert mine["low"] == pytest.approx(theirs.low, rel=1e-4)
