import io
from dataclasses import replace
from pathlib import Path

import pytest

from cotam.errors import CotamError, ModelError
from cotam.evaluation.accuracy.cache import AnswerCache
from cotam.evaluation.accuracy.plan import LOSSLESS, Plan, Rate
from cotam.evaluation.accuracy.report import accuracy_report, answers_of
from cotam.evaluation.accuracy.run import evaluate, scene_count
from cotam.evaluation.methods import Method, load_methods
from cotam.levelvqa import questions_of, sample_graph, scene, split_seeds

PLAN = Plan(("png", "jpeg"), qualities=(10, 60), num=9)
LOW, HIGH = Rate("quality", 10), Rate("quality", 60)


@pytest.fixture
def cache(tmp_path: Path) -> AnswerCache:
    return AnswerCache(tmp_path / "cache")


def run(plan, mllm, cache, **options):
    return evaluate(plan, load_methods(plan.methods, plan.model, plan.guidance), mllm, cache, **options)


def percents(measured) -> dict[str, float]:
    rows = accuracy_report(measured, "jpeg")["rows"]
    return {f"{row['method']} {row['rate']}": row["overall"]["percent"] for row in rows}


def test_the_original_is_answered_best_and_a_low_quality_worst(pretended, cache):
    found = percents(run(PLAN, pretended(9), cache))
    assert found["png lossless"] == 100
    assert found["jpeg quality 10"] < found["jpeg quality 60"] <= 100


def test_every_question_of_every_scene_is_asked_and_answered(pretended, cache):
    measured = run(PLAN, pretended(9), cache)
    expected = [
        question.id for seed in split_seeds("test", 9) for question in questions_of(sample_graph(seed))
    ]
    for key in (("png", LOSSLESS), ("jpeg", LOW), ("jpeg", HIGH)):
        assert [name for name, _ in answers_of(measured, *key)] == expected


def test_what_is_measured_is_not_measured_again(pretended, cache):
    first, second = pretended(9), pretended(9)
    before = run(PLAN, first, cache)
    after = run(PLAN, second, cache)
    assert len(first.asked) == 2 * 3
    assert second.asked == []
    assert after.entries == before.entries


def test_a_run_that_was_stopped_goes_on_with_the_same_result(pretended, cache, tmp_path):
    stopped, resumed, whole = pretended(9), pretended(9), pretended(9)
    stopped.stop_after = 4
    with pytest.raises(KeyboardInterrupt):
        run(PLAN, stopped, cache)
    done = run(PLAN, resumed, cache)
    other = run(PLAN, whole, AnswerCache(tmp_path / "other"))
    assert len(resumed.asked) == len(whole.asked) - 4
    first, second = ({**accuracy_report(one, "jpeg"), "timings": None} for one in (done, other))
    assert first == second


def test_another_mllm_or_other_scenes_are_not_taken_from_the_cache(pretended, cache):
    run(PLAN, pretended(9), cache)
    moved = pretended(10)
    run(replace(PLAN, seed_start=1), moved, cache)
    assert len(moved.asked) == 2 * 3


def test_a_damaged_file_of_the_cache_is_measured_again(pretended, cache):
    run(PLAN, pretended(9), cache)
    spoilt = sorted(cache.folder.rglob("*.json"))[0]
    spoilt.write_text("[{}]")
    again = pretended(9)
    run(PLAN, again, cache)
    assert len(again.asked) == 1


def test_worker_processes_give_what_one_process_gives(pretended, tmp_path):
    plan = replace(PLAN, methods=("jpeg",), num=9)
    alone = run(plan, pretended(9), AnswerCache(tmp_path / "a"))
    shared = run(plan, pretended(9), AnswerCache(tmp_path / "b"), workers=2)
    reports = [{**accuracy_report(measured, "jpeg"), "timings": None} for measured in (alone, shared)]
    assert reports[0] == reports[1]


def test_progress_is_told_of_every_scene_once(pretended, cache):
    for mllm in (pretended(9), pretended(9)):
        told: list[int] = []
        run(PLAN, mllm, cache, advance=told.append)
        assert sum(told) == scene_count(PLAN, load_methods(PLAN.methods)) == 27


def test_at_equal_bytes_no_picture_is_larger_unless_it_is_said(pretended, cache):
    plan = Plan(("jpeg", "webp"), bpps=(0.3, 1.0), num=3)
    measured = run(plan, pretended(3), cache)
    for (_, rate), entries in measured.entries.items():
        for entry in entries:
            assert entry.fits == (entry.bytes <= rate.value * 224 * 224 / 8)
    assert all(entry.fits for entry in measured.entries["webp", Rate("bpp", 1.0)])


def test_at_a_share_of_jpeg_every_picture_has_a_limit_of_its_own(pretended, cache):
    plan = Plan(("webp",), jpeg_shares=(0.5,), num=3)
    (entries,) = run(plan, pretended(3), cache).entries.values()
    for entry, seed in zip(entries, split_seeds("test", 3), strict=True):
        file = io.BytesIO()
        scene(seed).image.save(file, "JPEG", quality=75, optimize=True, progressive=True)
        assert entry.fits
        assert 0.4 * len(file.getvalue()) < entry.bytes <= 0.5 * len(file.getvalue())


def test_a_stream_goes_to_the_mllm_where_the_method_wants_that(
    pretended, cache, random_codec, random_model_path
):
    plan = Plan(("cotam-s", "cotam-s+adapter"), qualities=(60,), num=2, model=str(random_model_path))
    mllm = pretended(2, codec=random_codec)
    measured = run(plan, mllm, cache)
    assert dict(measured.identities) == {
        "cotam-s": "pretended-pixels",
        "cotam-s+adapter": "pretended-adapter",
    }
    both = [measured.entries[name, Rate("quality", 60)] for name in plan.methods]
    assert [entry.bytes for entry in both[0]] == [entry.bytes for entry in both[1]]


def test_methods_of_one_codec_share_what_they_send(
    pretended, cache, random_codec, random_model_path, monkeypatch
):
    made = []
    prepare = Method.encoder
    monkeypatch.setattr(Method, "encoder", lambda method, pixels: made.append(1) or prepare(method, pixels))
    names = ("cotam-s", "cotam-s+adapter", "cotam-s+saliency")
    plan = Plan(names, qualities=(40, 60), num=2, model=str(random_model_path))
    measured = run(plan, pretended(2, codec=random_codec), cache)
    assert len(made) == 2 * 2  # two scenes, uniform and guided
    uniform, adapted, guided = (measured.entries[name, Rate("quality", 60)] for name in names)
    assert [entry.encode_seconds for entry in uniform] == [entry.encode_seconds for entry in adapted]
    assert [entry.bytes for entry in uniform] != [entry.bytes for entry in guided]


def test_another_name_of_the_same_method_is_not_measured_again(
    pretended, cache, random_codec, random_model_path
):
    plan = Plan(("cotam-s+adapter",), qualities=(60,), num=2, model=str(random_model_path))
    run(plan, pretended(2, codec=random_codec), cache)
    again = pretended(2, codec=random_codec)
    run(replace(plan, methods=("without-guidance",)), again, cache)
    assert again.asked == []


def test_a_missing_adapter_is_found_out_before_anything_is_coded(pretended, cache, random_model_path):
    plan = Plan(("jpeg", "bridge-d1"), qualities=(60,), num=2, model=str(random_model_path))
    mllm = pretended(2)
    with pytest.raises(ModelError, match="no neck d1"):
        run(plan, mllm, cache)
    assert mllm.asked == []


def test_similarity_of_tokens_is_one_for_the_original_and_rises_with_quality(pretended, cache):
    measured = run(replace(PLAN, similarity=2, num=2), pretended(2), cache)
    rows = accuracy_report(measured, "jpeg")["rows"]
    layers = {row["rate"]: row["similarity"] for row in rows}
    assert layers["lossless"] == pytest.approx([1, 1])
    assert layers["quality 10"][0] < layers["quality 60"][0] < 1
    assert layers["quality 10"][1] == pytest.approx(1)


def test_a_cache_that_cannot_be_made_is_named(pretended, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CotamError, match=r"file.*cannot be made"):
        run(PLAN, pretended(9), AnswerCache(tmp_path / "file" / "cache"))


def test_tokens_of_the_first_scenes_alone_can_be_compared(pretended, cache):
    plan = replace(PLAN, methods=("png",), qualities=(10,))
    run(plan, pretended(9), cache)
    again = pretended(9)
    measured = run(replace(plan, similarity=1), again, cache)
    known = [entry.similarity is not None for entry in measured.entries["png", LOSSLESS]]
    assert known == [True] * 8 + [False]  # a block of eight
    assert len(again.asked) == 1  # the second block is as it was


def test_methods_that_take_more_bytes_are_not_compared_at_equal_bytes(pretended, cache):
    plan = Plan(("webp", "jpeg"), bpps=(0.05, 1.2), num=2)
    report = accuracy_report(run(plan, pretended(2), cache), "webp")
    sizes = {(row["method"], row["rate"]): row["bpp"] for row in report["rows"]}
    assert sizes["jpeg", "bpp 0.05"] > 1.05 * sizes["webp", "bpp 0.05"]
    assert [(row["method"], row["rate"]) for row in report["differences"]] == [("jpeg", "bpp 1.2")]
