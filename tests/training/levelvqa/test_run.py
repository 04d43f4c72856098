"""Runs of the embedded MLLM's training: resumed, validated, exported, reloaded in plain transformers."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from cotam.cli.running import run as command
from cotam.errors import ModelError, TrainingError
from cotam.levelvqa.scene import scene
from cotam.mllm.embedded import assemble
from cotam.training.checkpoints import load_checkpoint, save_checkpoint
from cotam.training.levelvqa.run import export_levelvqa, levelvqa_run


def weights(folder: Path) -> dict[str, torch.Tensor]:
    state = load_checkpoint(folder)
    return {**state["model"], **{f"average {key}": value for key, value in state["average"].items()}}


@pytest.fixture(scope="module")
def finished(start, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    start(folder).run()
    return folder


def test_a_resumed_run_ends_with_the_bits_of_an_unbroken_one(start, finished, tmp_path):
    broken = start(tmp_path)
    update = broken._update

    def stop(batch):
        outcome = update(batch)
        if broken.step == 2:
            broken.save()
            raise KeyboardInterrupt
        return outcome

    broken._update = stop
    with pytest.raises(KeyboardInterrupt):
        broken.run()
    start(tmp_path, resume=True).run()
    ours, theirs = weights(tmp_path), weights(finished)
    assert [key for key in theirs if not torch.equal(ours[key], theirs[key])] == []


def test_validation_counts_right_answers_by_family(finished):
    rows = [json.loads(line) for line in (finished / "log.jsonl").read_text().splitlines()]
    figures = rows[-1]["validation"]
    assert 0 <= figures["accuracy"] <= 1
    assert "count" in figures["families"]


def test_every_network_learns_but_the_language_model_waits_for_the_tower(start, config, finished, tmp_path):
    start(tmp_path, dataclasses.replace(config, steps=2, tower_first=0.9)).run()
    alone, together = weights(tmp_path), weights(finished)
    first = start(tmp_path / "fresh").task.model.state_dict()
    tower, language = (
        "clip.vision_model.encoder.layers.0.mlp.fc1.weight",
        "llava.model.language_model.norm.weight",
    )
    assert not torch.equal(alone[tower], first[tower])
    assert torch.equal(alone[language], first[language])
    assert not torch.equal(together[language], first[language])


@torch.no_grad()
def test_an_exported_run_loads_in_the_plain_transformers_api(config, finished, tmp_path):
    from transformers import AutoModelForImageTextToText, AutoProcessor, CLIPModel

    report = export_levelvqa(finished, tmp_path / "model")
    assert report["scenes"] == config.steps * config.batch
    whole = assemble(tmp_path / "model", tmp_path / "whole")
    model = AutoModelForImageTextToText.from_pretrained(whole, dtype=torch.float32)
    processor = AutoProcessor.from_pretrained(whole)
    text = processor.apply_chat_template(
        [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What?"}]}],
        add_generation_prompt=True,
    )
    inputs = processor(images=scene(1).image, text=text, return_tensors="pt")
    assert np.isfinite(model(**inputs).logits.numpy()).all()
    clip = CLIPModel.from_pretrained(tmp_path / "model" / "clip", dtype=torch.float32)
    stored = weights(finished)["average module.clip.logit_scale"]
    torch.testing.assert_close(clip.logit_scale, stored, rtol=1e-2, atol=1e-2)


def test_a_run_can_begin_with_the_tower_of_another(start, config, finished, tmp_path):
    run = start(tmp_path, dataclasses.replace(config, seed=7), tower=finished)
    ours, theirs = run.task.model.state_dict(), load_checkpoint(finished)["model"]
    tower = [key for key in theirs if key.startswith(("clip.", "patch_head.", "llava.model.vision_tower"))]
    assert len(tower) > 20
    assert [key for key in tower if not torch.equal(ours[key], theirs[key])] == []
    head = "llava.lm_head.weight"
    assert not torch.equal(ours[head], theirs[head])
    assert run.step == 0
    assert run.config.first_scene == config.steps * config.batch


def test_a_tower_that_knew_fewer_labels_begins_the_others_anew(start, config, finished, tmp_path):
    earlier = load_checkpoint(finished)
    head = earlier["model"]["patch_head.weight"]
    for name in ("patch_head.weight", "patch_head.bias"):
        earlier["model"][name] = earlier["model"][name][:-2]
    (tmp_path / "earlier").mkdir()
    save_checkpoint(tmp_path / "earlier", earlier)
    run = start(tmp_path / "new", dataclasses.replace(config, seed=7), tower=tmp_path / "earlier")
    begun = run.task.model.state_dict()["patch_head.weight"]
    assert torch.equal(begun[:-2], head[:-2])
    assert not torch.equal(begun[-2:], head[-2:])


def test_a_frozen_tower_stands_still_while_the_language_model_goes_on(start, config, finished, tmp_path):
    recipe = dataclasses.replace(config, steps=2, seed=7, frozen_tower=True)
    run = start(tmp_path, recipe, tower=finished, language=finished)
    begun, theirs = dict(run.task.model.state_dict()), load_checkpoint(finished)["model"]
    assert [key for key in theirs if not torch.equal(begun[key], theirs[key])] == []
    run.run()
    ours = load_checkpoint(tmp_path)["model"]
    changed = {key.split(".")[0] for key in theirs if not torch.equal(ours[key], theirs[key])}
    assert changed == {"llava"}
    assert not any("vision" in key for key in theirs if not torch.equal(ours[key], theirs[key]))
    start(tmp_path, recipe, resume=True)


def test_a_run_can_begin_with_a_model_that_another_has_written(start, config, finished, tmp_path):
    export_levelvqa(finished, tmp_path / "model")
    recipe = dataclasses.replace(config, seed=7, first_scene=50)
    run = start(tmp_path / "run", recipe, start=tmp_path / "model")
    learner, state = run.task.model, load_checkpoint(finished)
    for part in (learner.clip, learner.llava):
        prefix = "module.clip." if part is learner.clip else "module.llava."
        for name, tensor in part.state_dict().items():
            assert torch.equal(tensor, state["average"][prefix + name].bfloat16().to(tensor.dtype)), name
    assert run.task.description["tokenizer"] == state["tokenizer"]
    assert run.config.first_scene == 50


def test_a_run_can_begin_with_the_model_that_ships(start, finished, tmp_path, monkeypatch):
    export_levelvqa(finished, tmp_path / "levelvqa")
    monkeypatch.setattr("cotam.mllm.shipped.SHIPPED", tmp_path)
    named = start(tmp_path / "named", start=Path("levelvqa"))
    theirs = start(tmp_path / "by_folder", start=tmp_path / "levelvqa").task.model.state_dict()
    for name, tensor in named.task.model.llava.state_dict().items():
        assert torch.equal(tensor, theirs[f"llava.{name}"]), name


def test_a_folder_that_is_no_such_model_is_refused(start, finished, tmp_path):
    with pytest.raises(ModelError, match=r"not a model of cotam train levelvqa, such as RUN/model$"):
        start(tmp_path / "run", start=tmp_path)
    export_levelvqa(finished, tmp_path / "model")
    weights_file = tmp_path / "model" / "language" / "model.safetensors"
    weights_file.write_bytes(weights_file.read_bytes()[:-100])
    with pytest.raises(ModelError, match="the weights are damaged"):
        start(tmp_path / "run", start=tmp_path / "model")


@pytest.mark.parametrize("other", [{"language_layers": 3}, {"vision_width": 64}])
def test_a_model_of_other_sizes_is_refused_in_one_line(finished, config, wider, tmp_path, other):
    export_levelvqa(finished, tmp_path / "model")
    sizes = dataclasses.replace(wider, language_heads=2, **({"language_layers": 2} | other))
    with pytest.raises(ModelError, match=r"of other sizes than the model to train$"):
        levelvqa_run(tmp_path / "run", config, sizes, start=tmp_path / "model", workers=0)


def test_a_second_run_into_the_same_folder_is_refused(start, finished):
    with pytest.raises(TrainingError, match="holds a run already"):
        start(finished)


def test_the_command_refuses_what_cannot_be(tmp_path, capsys):
    assert command(["train", "levelvqa", "--out", str(tmp_path), "--steps", "1", "--minutes", "2"]) == 2
    assert "exclude each other" in capsys.readouterr().err
    assert command(["train", "levelvqa", "--out", str(tmp_path), "--resume", "--tower", "x"]) == 2
    assert "--tower begins a new run" in capsys.readouterr().err
    assert command(["train", "levelvqa", "--out", str(tmp_path), "--frozen-tower"]) == 2
    assert "--language needs --tower RUN" in capsys.readouterr().err
    assert command(["train", "levelvqa", "--out", str(tmp_path), "--start", "x", "--resume"]) == 2
    assert "--start begins a new run" in capsys.readouterr().err
    assert command(["train", "levelvqa", "--out", str(tmp_path), "--first-scene", "5"]) == 2
    assert "--first-scene needs --start NAME" in capsys.readouterr().err
    assert command(["train", "levelvqa", "--out", str(tmp_path), "--clips", "0.5"]) == 2
    assert "need a tower that stands still" in capsys.readouterr().err
    assert command(["train", "levelvqa", "--out", str(tmp_path), "--resume"]) == 1
    assert "no checkpoint to resume from" in capsys.readouterr().err
