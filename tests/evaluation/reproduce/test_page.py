import copy
import json
import re
from pathlib import Path

import pytest

from cotam.evaluation.accuracy.cache import AnswerCache
from cotam.evaluation.accuracy.report import accuracy_report, rounded
from cotam.evaluation.accuracy.run import evaluate
from cotam.evaluation.methods import FULL_JOINT, AblationGuidance
from cotam.evaluation.reports import new_report
from cotam.evaluation.reproduce.experiment import (
    BASE,
    JOINT,
    Scale,
    against_conventional,
    against_full,
    experiment,
    extras,
    make_methods,
)
from cotam.evaluation.reproduce.page import results_page, write_page
from cotam.evaluation.reproduce.sections import (
    PARTS,
    ablations,
    contributions,
    conventional,
    families,
    times,
)
from cotam.evaluation.reproduce.timing import time_methods
from cotam.evaluation.reproduce.verdicts import claim, joint, losses

GUIDANCE = AblationGuidance("saliency:grid=4", "saliency:grid=2")
SCALE = Scale(1, (0.3, 1.0), timed_scenes=1)
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def model(random_model_path) -> str:
    return str(random_model_path)


@pytest.fixture(scope="module")
def made(pretended, model, random_codec, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cotam.evaluation.accuracy.tables.RESAMPLES", 10)
        mllm = pretended(1, codec=random_codec)
        methods = make_methods(mllm, model, GUIDANCE)
        plan = experiment(methods, SCALE, model, GUIDANCE)
        measured = evaluate(plan, methods.methods, mllm, AnswerCache(tmp_path_factory.mktemp("cache")))
        beside = {
            **extras(methods, True, model, GUIDANCE),
            "ablation_differences": against_full(measured),
            "bd_rates_against_conventional": against_conventional(measured),
            "timings": time_methods(methods.methods, mllm, BASE, SCALE.timed_scenes),
        }
        found = accuracy_report(measured, BASE)
    return {**new_report("reproduce"), **found, **rounded(beside)}


@pytest.fixture
def report(made):
    return copy.deepcopy(made)


def bd(report, percent, interval):
    """The report with other BD-rates of the full system."""
    changed = copy.deepcopy(report)
    for row in changed["bd_rates"]:
        if row["method"] == "full":
            row |= {
                "percent": percent,
                "interval": interval,
                "overlap": [40.0, 70.0],
                "resamples_defined": 1.0,
            }
    return changed


def test_methods_without_adapters_are_left_out_with_the_reason_and_nothing_is_invented(report, tmp_path):
    out = {row["method"]: row["reason"] for row in report["left_out"]}
    assert set(out) == {
        "without-reconstruction-prior",
        "only-l-high",
        "only-l-low",
        "bridge-d1",
        "bridge-d2",
        "bridge-d3",
        JOINT,
        FULL_JOINT,
    }
    page = results_page(report, {})
    for name in out:
        assert f"- `{name}` is left out: {out[name]}." in page
        assert f"| {name} |" not in page
    for row in report["methods"]:
        assert f"| {row['method']} |" in page
    assert "*Nothing could be measured.*" in page.split("## Neck against adapter")[1]


def test_the_page_and_its_plots_are_written_and_linked(report, tmp_path):
    files = write_page(json.loads(json.dumps(report)), tmp_path / "results.md")
    page = files[0].read_text()
    links = re.findall(r"\]\(([^)]+)\)", page)
    assert sorted(links) == sorted(path.name for path in files[1:])
    assert all(path.is_file() for path in files)


@pytest.mark.parametrize(
    ("percent", "interval", "words"),
    [
        (-20.0, [-30.0, -9.0], "Less rate is needed here, beyond the interval"),
        (12.0, [3.0, 20.0], "does not reproduce at this scale"),
        (-2.0, [-9.0, 4.0], "neither reproduced nor refuted"),
        (-2.0, None, "says little"),
        (None, None, "No figure can be given here"),
    ],
)
def test_the_verdict_follows_the_interval(report, percent, interval, words):
    changed = bd(report, percent, interval)
    for row in changed["bd_rates"]:
        row.setdefault("problem", "no overlap")
    text = claim(changed)
    assert words in text
    assert "−35.99 %" in text


def test_levels_on_which_it_is_otherwise_are_named(report):
    changed = bd(report, -20.0, [-30.0, -9.0])
    found = {"low": [2.0, 9.0], "cross": [-3.0, 1.0], "high": [-9.0, -2.0]}
    for row in changed["bd_rates"]:
        if row["method"] == "full" and row["group"] in found:
            row["interval"] = found[row["group"]]
    text = claim(changed)
    assert "More rate is needed on the low level, beyond the interval." in text
    assert "On the cross level the interval contains zero." in text
    assert "high level" not in text.split("The paper reports")[1]


def test_without_the_full_system_the_papers_figure_is_compared_with_nothing(report):
    report["methods"] = [row for row in report["methods"] if row["method"] != "full"]
    assert "not compared with anything" in claim(report)


def test_losses_are_named_with_level_and_rate(report):
    assert "At no rate" in losses({**report, "differences": []}, "full")
    cell = {"points": -3.0, "low": -5.0, "high": -1.0}
    fine = {"points": -3.0, "low": -5.0, "high": 1.0}
    row = {"method": "full", "anchor": "cotam-s", "rate": "bpp 0.1", "overall": fine, "cross": cell}
    text = losses({**report, "differences": [row]}, "full")
    assert "cross level at 0.1 bpp (−3.0 points, −5.0 to −1.0)" in text
    assert "all questions" not in text


def test_a_codec_that_learned_along_has_its_verdict(report):
    assert joint(report) == ""
    text = joint(json.loads(json.dumps(bd(report, -40.0, [-50.0, -30.0])).replace('"full"', f'"{JOINT}"')))
    assert f"`{JOINT}` against `cotam-s`" in text
    assert "−40.0 %" in text
    assert "Less rate is needed here, beyond the interval" in text


def test_conventional_codecs_are_anchors_too(report):
    rows = report["bd_rates_against_conventional"]
    assert {row["anchor"] for row in rows} == {"jpeg", "avif"}
    assert {row["group"] for row in rows} == {"overall"}
    assert {row["method"] for row in rows} == {"cotam-s", "full", "without-guidance"}
    for row in rows:
        row |= {"percent": -61.0, "interval": [-70.0, -50.5], "overlap": [55.0, 64.0]}
    cell = "−61.0 % (−70.0 to −50.5 %; over 55.0–64.0 %)"
    assert f"| full | {cell} | {cell} |" in conventional(report)
    assert "Nothing" in conventional({**report, "bd_rates_against_conventional": []})


def test_the_table_of_ablations_names_the_guidance_that_was_used(report):
    table = ablations(report)
    assert "| full | saliency:grid=4 | yes | yes | low + high |" in table
    assert "| deep-layer-guidance | saliency:grid=2 |" in table
    assert "| cotam-s | none | no | yes | – |" in table


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ([(-3.0, -1.0), (-2.0, -0.5)], "ahead"),
        ([(-3.0, -1.0), (-2.0, 0.5)], "ahead at 1 of 2 rates"),
        ([(1.0, 2.0), (0.5, 2.0)], "behind"),
        ([(-1.0, 2.0), (-0.5, 2.0)], "neither ahead nor behind"),
        ([(-3.0, -1.0), (0.5, 2.0)], "ahead at some rates, behind at others"),
    ],
)
def test_each_part_of_the_system_gets_the_verdict_of_its_intervals(report, bounds, words):
    report["ablation_differences"] = [
        {
            "method": "without-adapter",
            "rate": rate,
            "overall": {"points": sum(pair) / 2, "low": pair[0], "high": pair[1]},
        }
        for rate, pair in zip(["bpp 0.3", "bpp 1"], bounds, strict=True)
    ]
    line = next(line for line in contributions(report).splitlines() if "without-adapter" in line)
    assert line.endswith(f"| {words} |")


def test_every_family_has_its_row_with_and_without_guidance_and_adapter(report):
    table = families(report)
    assert "| family of questions | level | cotam-s | without-guidance | without-adapter | full |" in table
    row = next(row for row in report["rows"] if row["method"] == "cotam-s")
    for family in row["families"]:
        assert f"| {family} |" in table


def test_methods_are_timed_in_turn_and_compared_with_the_base_codec(report):
    timings = {row["method"]: row for row in report["timings"]["methods"]}
    assert set(timings) == {row["method"] for row in report["methods"]}
    for row in timings.values():
        assert all(row[stage]["seconds"] > 0 for stage in ("encode", "decode", "tokens"))
    assert {stage["ratio"] for name, stage in timings["cotam-s"].items() if name != "method"} == {1.0}
    timings["full"]["encode"] = {"seconds": 0.1, "ratio": 1.031}
    assert "| full | 100.0 (+3 %) |" in times(report)
    assert "1 scenes" in times(report)


def test_every_ablation_has_its_parts():
    from cotam.evaluation.methods import ABLATIONS

    assert set(PARTS) == set(ABLATIONS)


def test_the_committed_page_is_made_of_the_committed_report():
    results, page = ROOT / "benchmarks" / "results" / "reproduce.json", ROOT / "docs" / "results.md"
    if not results.is_file():
        pytest.skip("the full run has not been committed yet")
    images = {name: f"results-{name}.png" for name in ("accuracy", "levels", "similarity")}
    assert page.read_text("utf-8") == results_page(json.loads(results.read_text("utf-8")), images)
