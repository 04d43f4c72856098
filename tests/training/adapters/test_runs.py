"""Runs of adapter and neck: they learn, resume bit for bit, and end in files that load."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cotam.checkpoint import load_adapter, load_model
from cotam.codec import load_codec
from cotam.errors import ModelError, TrainingError
from cotam.training.adapters.export import export_tokens
from cotam.training.adapters.run import Inputs, adapter_run
from cotam.training.adapters.sources import open_source
from cotam.training.adapters.text_targets import TextTargets
from cotam.training.checkpoints import load_checkpoint
from cotam.training.run import TrainingRun
from cotam.training.task import Position

Start = Callable[..., TrainingRun]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    state = load_checkpoint(folder)
    return {**state["model"], **{f"average {key}": value for key, value in state["average"].items()}}


def validation(folder: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return rows[-1]["validation"]


@pytest.mark.parametrize("kind", ["adapter", "joint", "d1", "d2", "d3"])
def test_a_resumed_run_ends_with_the_bits_of_an_unbroken_one(start: Start, tmp_path: Path, kind: str) -> None:
    start(tmp_path / "whole", kind).run()
    broken = start(tmp_path / "broken", kind)
    update = broken._update

    def stop(batch: Any) -> Any:
        outcome = update(batch)
        if broken.step == 2:
            broken.save()
            raise KeyboardInterrupt
        return outcome

    broken._update = stop  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        broken.run()
    start(tmp_path / "broken", kind, resume=True).run()
    ours, theirs = weights(tmp_path / "broken"), weights(tmp_path / "whole")
    assert [key for key in theirs if not torch.equal(ours[key], theirs[key])] == []


@pytest.mark.parametrize("kind", ["adapter", "d1"])
def test_learning_brings_tokens_nearer_to_the_originals(start: Start, tmp_path: Path, kind: str) -> None:
    options: dict[str, Any] = {"steps": 60, "learning_rate": 3e-3, "ema": 0.9, "batch": 8, "surrogate": 0.0}
    if kind == "adapter":
        del options["surrogate"]
    trained = start(tmp_path, kind, **options)
    before = trained.task.validate(trained.average.module)
    trained.run()
    after = validation(tmp_path)
    assert [row["quality"] for row in after] == [5, 15, 30]
    assert all(new["adapted"] > old["adapted"] + 0.01 for new, old in zip(after, before, strict=True))
    if kind == "adapter":  # it began as nothing, and ends above the decoded picture
        assert all(row["adapted"] == pytest.approx(row["pixels"], abs=1e-5) for row in before)


def noted(trained: TrainingRun) -> list[tuple[float, dict[str, float]]]:
    """Loss and figures of every step of a run, which is done here."""
    found = []
    update = trained._update

    def noting(batch: Any) -> Any:
        outcome = update(batch)
        figures = {name: float(value.detach()) for name, value in outcome.figures.items()}
        found.append((float(outcome.loss.detach()), figures))
        return outcome

    trained._update = noting  # type: ignore[method-assign]
    trained.run()
    return found


def test_the_surrogate_has_its_phases_and_lowers_the_cross_entropy(start: Start, tmp_path: Path) -> None:
    options = {"steps": 30, "learning_rate": 3e-3, "fidelity": 0.0, "batch": 8}
    found = noted(start(tmp_path, "d1", **options))
    for step, ce, distillation in ((0, 100, 0), (15, 1, 100), (29, 0, 100)):
        loss, figures = found[step]
        expected = ce * figures["cross_entropy"] + distillation * figures["distillation"]
        assert loss == pytest.approx(expected, rel=1e-4)
    first, last = (np.mean([f["cross_entropy"] for _, f in found[a:b]]) for a, b in ((0, 3), (7, 10)))
    assert last < first


def test_a_batch_without_texts_has_the_figures_of_the_others_in_its_step(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of, calls = TextTargets.of, []

    def every_other(self: TextTargets, batch: Any) -> Any:
        calls.append(batch)
        return of(self, batch) if len(calls) % 2 else None

    monkeypatch.setattr(TextTargets, "of", every_other)
    figures = [step for _, step in noted(start(tmp_path, "d1", steps=2, accumulate=2))]
    assert len(calls) == 4
    assert all(step["cross_entropy"] > 0 and step["distillation"] > 0 for step in figures)


@pytest.mark.parametrize("kind", ["d1", "d2"])
def test_a_head_start_imitates_the_towers_tokens_and_the_phases_follow(
    start: Start, tmp_path: Path, kind: str
) -> None:
    options = {"steps": 20, "learning_rate": 3e-3, "fidelity": 0.0, "head_start": 0.4}
    figures = [step for _, step in noted(start(tmp_path, kind, **options))]
    assert ["entry" in step for step in figures] == [True] * 8 + [False] * 12
    assert ["cross_entropy" in step for step in figures] == [False] * 8 + [True] * 12
    assert figures[7]["entry"] < figures[0]["entry"]


@pytest.mark.parametrize("kind", ["adapter", "d1"])
def test_what_is_exported_is_the_average(start: Start, tmp_path: Path, kind: str) -> None:
    trained = start(tmp_path, kind, conditioning="embedding")
    trained.run()
    report = export_tokens(tmp_path, tmp_path / "some.safetensors", "some")
    loaded = load_adapter(tmp_path / "some.safetensors")
    assert loaded.card.name == report["name"] == "some"
    assert loaded.card.setting == (None if kind == "adapter" else "d1")
    assert "4 steps of 4 pictures of 64 x 64" in loaded.card.training
    expected: Any = trained.average.module.network
    for name, tensor in expected.state_dict().items():
        assert torch.equal(loaded.network.state_dict()[name], tensor.half().float()), name
    task: Any = trained.task
    loaded.card.check_codec("x", task.around.codec.model_id)
    loaded.card.check_tower(task.around.tower.identity)


@pytest.mark.parametrize("setting", ["joint", "d2", "d3"])
def test_codecs_that_learned_are_written_and_decode(
    start: Start, tmp_path: Path, setting: str, random_model_path: Path, make_picture: Callable[..., Any]
) -> None:
    trained = start(tmp_path, setting, learning_rate=1e-2)
    trained.run()
    source = trained.task.around.source  # type: ignore[attr-defined]
    target, codec_file = tmp_path / "neck.safetensors", tmp_path / f"random-{setting}.safetensors"
    with pytest.raises(ValueError, match="writes a codec"):
        export_tokens(tmp_path, target, "neck")
    report = export_tokens(tmp_path, target, "neck", codec_target=codec_file, source=source)
    before, after = load_model(random_model_path), load_model(codec_file)
    assert after.card.model_id == report["model_id"] != before.card.model_id
    assert not torch.equal(after.network.context.prior.weight, before.network.context.prior.weight)
    card = load_adapter(target).card
    card.check_codec("new", after.model_id)
    with pytest.raises(ModelError, match="made for codec"):
        card.check_codec("old", before.model_id)
    codec = load_codec(codec_file)
    data = codec.encode(make_picture(70, 90), 20)
    assert codec.decode(data).size == (90, 70)


@pytest.mark.parametrize("kind", ["adapter", "joint", "d1", "d2", "d3"])
def test_networks_are_trained_on_the_latents_of_elic_and_on_pictures_below_64_pixels(
    start: Start, inputs: Inputs, tmp_path: Path, kind: str, elic_path: Path, make_picture: Callable[..., Any]
) -> None:
    given = dataclasses.replace(inputs, codec=str(elic_path))
    start(tmp_path, kind, given=given, size=48, learning_rate=1e-2).run()
    codec_file = elic_path
    options: dict[str, Any] = {}
    if kind in ("joint", "d2", "d3"):
        codec_file = tmp_path / f"elic-{kind}.safetensors"
        source = open_source(inputs.data, 48)
        options = {"codec_target": codec_file, "source": source}
    export_tokens(tmp_path, tmp_path / "some.safetensors", "some", **options)
    loaded, codec = load_adapter(tmp_path / "some.safetensors"), load_codec(codec_file)
    loaded.card.check_codec("new", codec.model_id)
    assert loaded.card.config["latents"] == 20
    assert codec.network.architecture == "elic"
    assert codec.decode(codec.encode(make_picture(70, 90), 20)).size == (90, 70)
    assert (codec.model_id == load_model(elic_path).model_id) == (kind in ("adapter", "d1"))


def test_d3_makes_no_pictures_and_d2_does(start: Start, tmp_path: Path) -> None:
    for setting in ("d2", "d3"):
        trained = start(tmp_path / setting, setting)
        batch = next(iter(trained.task.batches(trained._span())))
        outcome = trained._update([batch])
        assert ("psnr" in outcome.figures) == (setting == "d2")
        rows = trained.task.validate(trained.average.module)
        assert all(("pixels" in row) == (setting == "d2") for row in rows)


def test_a_codec_learns_from_the_tower_behind_an_adapter(start: Start, tmp_path: Path) -> None:
    gradients = []
    for machine in (0.0, 4.0):
        trained = start(tmp_path / str(machine), "joint", machine=machine, steps=8, uniform_levels=1.0)
        batch = next(iter(trained.task.batches(trained._span())))
        at = Position(index=4, step=4, total=8)
        trained.task.loss(trained.task.model, batch, at).loss.backward()
        codec: Any = trained.task.model.codec
        gradients.append(codec.synthesis.leave.weight.grad.clone())
    assert gradients[0].norm() > 0
    assert (gradients[1] - gradients[0]).norm() > 1e-3 * gradients[0].norm()


@pytest.mark.parametrize(
    ("kind", "options", "from_the_first"),
    [("joint", {}, True), ("adapter", {}, False), ("adapter", {"head_start": 0}, True)],
)
def test_a_codec_hears_of_the_final_tokens_from_the_first_step_and_an_adapter_after_its_head_start(
    start: Start, tmp_path: Path, kind: str, options: dict[str, Any], from_the_first: bool
) -> None:
    trained = start(tmp_path, kind, steps=8, **options)
    batch = next(iter(trained.task.batches(trained._span())))
    figures = trained.task.loss(trained.task.model, batch, Position(index=0, step=0, total=8)).figures
    assert ("high" in figures) == from_the_first


def test_a_run_whose_codec_stands_still_has_no_rate_to_weigh(
    start: Start, inputs: Inputs, tmp_path: Path
) -> None:
    trained = start(tmp_path, "adapter")
    trained.run()
    with pytest.raises(ValueError, match="for a joint run"):
        adapter_run(tmp_path, inputs, trained.config, resume=True, changes={"rate_weight": 2.0})  # type: ignore[arg-type]


def test_a_codec_cannot_learn_without_pictures(start: Start, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="joint excludes no-prior"):
        start(tmp_path, "joint", reconstruction_prior=False)


def test_checkpointing_changes_memory_and_not_what_is_learned(start: Start, tmp_path: Path) -> None:
    found = []
    for checkpointing in (False, True):
        trained = start(tmp_path / str(checkpointing), "adapter", checkpointing=checkpointing, steps=6)
        trained.run()
        found.append(weights(tmp_path / str(checkpointing)))
    assert all(torch.allclose(found[0][key], found[1][key], atol=1e-6) for key in found[0])


ABLATIONS = {
    "adapter-high-only": {"low": 0.0},
    "adapter-low-only": {"high": 0.0},
    "neck-no-prior": {"reconstruction_prior": False},
}


@pytest.mark.parametrize("variant", ABLATIONS)
def test_the_ablations_learn_from_what_is_left(start: Start, tmp_path: Path, variant: str) -> None:
    options = {"steps": 60, "learning_rate": 3e-3, "ema": 0.9, "batch": 8, **ABLATIONS[variant]}
    trained = start(tmp_path, "adapter", **options)
    assert trained.config.variant == variant  # type: ignore[attr-defined]
    before = trained.task.validate(trained.average.module)
    trained.run()
    after = validation(tmp_path)
    assert all(new["adapted"] > old["adapted"] + 0.01 for new, old in zip(after, before, strict=True))
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert ("high" in rows[0]) == (variant != "adapter-low-only")
    export_tokens(tmp_path, tmp_path / "some.safetensors", "some")
    card = load_adapter(tmp_path / "some.safetensors").card
    wanted = ("neck", "d1") if variant == "neck-no-prior" else ("adapter", None)
    assert (card.kind, card.setting) == wanted
    assert card.config.get("block", 0) == 0
    start(tmp_path, "adapter", resume=True, **options)


def test_guidance_makes_the_level_maps(start: Start, tmp_path: Path) -> None:
    trained = start(tmp_path, "adapter", guidance="saliency:grid=4")
    batch = next(iter(trained.task.batches(trained._span())))
    steps = batch.steps - batch.base[:, None, None]
    assert set(steps.unique().tolist()) <= {-80, 0, 80} | set((8 - batch.base).tolist())
    assert (steps != 0).any()


def test_a_run_resumed_with_another_model_is_refused(start: Start, inputs: Inputs, tmp_path: Path) -> None:
    start(tmp_path, "adapter", steps=1).run()
    with pytest.raises(ModelError, match="made for codec random"):
        start(tmp_path, "adapter", given=dataclasses.replace(inputs, codec="cotam-s"), resume=True)
    with pytest.raises(TrainingError, match="not one of cotam train neck"):
        start(tmp_path, "d1", resume=True)
    with pytest.raises(TrainingError, match="holds a run already"):
        start(tmp_path, "adapter")
