"""The training loop, on pictures of noise and a very small model."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from training.sizes import MODEL

from cotam.checkpoint import find_model, load_model
from cotam.errors import ModelError, TrainingError
from cotam.models.elic.codec import ElicConfig
from cotam.training.checkpoints import load_checkpoint, save_checkpoint
from cotam.training.config import CodecTrainingConfig
from cotam.training.export import export_model
from cotam.training.float_form import float_form
from cotam.training.run import UNPLANNED, TrainingRun
from cotam.training.train_codec import codec_run

CONFIG = CodecTrainingConfig(crop=64, batch=2, steps=4, warmup=2, bf16=False, graphics=0.5)


def training(
    folder: Path, data: Path, config: CodecTrainingConfig = CONFIG, validation: Path | None = None, **options
) -> TrainingRun:
    return codec_run(folder, [data], validation, config, MODEL, **{"workers": 0, **options})


def stop_after(run: TrainingRun, steps: int) -> None:
    """Let a run write its checkpoint after so many steps and break off, as if it were killed then."""
    update = run._update

    def step(batch):
        result = update(batch)
        if run.step == steps:
            run.save()
            raise KeyboardInterrupt
        return result

    run._update = step
    with pytest.raises(KeyboardInterrupt):
        run.run()


def states(folder: Path) -> dict[str, torch.Tensor]:
    """All numbers of a checkpoint that a step changes."""
    state = load_checkpoint(folder)
    tensors = {f"model {k}": v for k, v in state["model"].items()}
    tensors |= {f"average {k}": v for k, v in state["average"].items()}
    for index, moments in state["optimizer"]["state"].items():
        tensors |= {f"optimizer {index} {k}": torch.as_tensor(v) for k, v in moments.items()}
    return tensors


def assert_equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys()
    assert [key for key in a if not torch.equal(a[key], b[key])] == []


@pytest.fixture(scope="module")
def unbroken(photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of four steps without a break."""
    folder = tmp_path_factory.mktemp("unbroken")
    training(folder, photographs).run()
    return folder


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_resumed_run_ends_with_the_bits_of_an_unbroken_one(steps, photographs, unbroken, tmp_path):
    stop_after(training(tmp_path, photographs), steps)
    assert load_checkpoint(tmp_path)["step"] == steps
    training(tmp_path, photographs, resume=True).run()
    assert load_checkpoint(tmp_path)["step"] == CONFIG.steps
    assert_equal(states(tmp_path), states(unbroken))


def test_loader_processes_do_not_change_the_result(photographs, unbroken, tmp_path):
    training(tmp_path, photographs, workers=2).run()
    assert_equal(states(tmp_path), states(unbroken))


def test_another_seed_gives_other_weights(photographs, unbroken, tmp_path):
    training(tmp_path, photographs, dataclasses.replace(CONFIG, seed=1)).run()
    ours, theirs = states(tmp_path), states(unbroken)
    assert not torch.equal(ours["model analysis.enter.weight"], theirs["model analysis.enter.weight"])


def test_every_network_learns(photographs, unbroken, tmp_path):
    stop_after(training(tmp_path, photographs), 1)
    first, last = states(tmp_path), states(unbroken)
    weights = [key for key in first if key.startswith("model ") and first[key].is_floating_point()]
    still = [key for key in weights if torch.equal(first[key], last[key])]
    assert len(still) < 0.1 * len(weights), still


def test_a_resumed_run_keeps_its_recipe(photographs, tmp_path):
    stop_after(training(tmp_path, photographs), 2)
    other = dataclasses.replace(CONFIG, learning_rate=0.5, steps=9)
    run = training(tmp_path, photographs, other, resume=True)
    assert run.config == CONFIG
    assert (run.step, run.total) == (2, 4)


def test_replanning_takes_the_new_length_and_nothing_else(photographs, tmp_path):
    stop_after(training(tmp_path, photographs), 2)
    other = dataclasses.replace(CONFIG, learning_rate=0.5)
    run = training(tmp_path, photographs, other, resume=True, changes={"steps": 3})
    assert run.config == dataclasses.replace(CONFIG, steps=3)
    run.run()
    assert load_checkpoint(tmp_path)["step"] == 3


def test_a_change_of_recipe_holds_from_there_on_and_is_in_the_log(photographs, tmp_path):
    stop_after(training(tmp_path, photographs), 2)
    run = training(tmp_path, photographs, resume=True, changes={"balance": 0.5})
    assert run.config == dataclasses.replace(CONFIG, balance=0.5)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert {"step": 2, "changed": {"balance": 0.5}} in rows


def test_a_run_older_than_an_option_goes_on_without_it_or_with_what_is_stated(photographs, tmp_path):
    stop_after(training(tmp_path, photographs), 2)
    state = load_checkpoint(tmp_path)
    del state["config"]["scenes"]
    save_checkpoint(tmp_path, state)
    assert training(tmp_path, photographs, resume=True).config.scenes == 0
    training(tmp_path, photographs, resume=True, changes={"scenes": 0.25, "batch": 4}).run()
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert {"step": 2, "changed": {"scenes": 0.25, "batch": 4}} in rows
    assert load_checkpoint(tmp_path)["step"] == CONFIG.steps


def test_what_a_run_keeps_to_its_end_cannot_change(photographs, tmp_path):
    stop_after(training(tmp_path, photographs), 1)
    with pytest.raises(ValueError, match=r"crop cannot change .* what can: steps, minutes, balance"):
        training(tmp_path, photographs, resume=True, changes={"crop": 128})


def test_to_state_an_option_as_it_was_is_no_change(photographs, tmp_path):
    stop_after(training(tmp_path, photographs), 1)
    run = training(tmp_path, photographs, resume=True, changes={"crop": CONFIG.crop})
    assert run.config == CONFIG
    assert not (tmp_path / "log.jsonl").exists(), "a row would say what changed"


def test_replanning_by_minutes_counts_from_where_the_run_stands(photographs, tmp_path):
    stop_after(training(tmp_path, photographs), 2)
    run = training(tmp_path, photographs, resume=True, changes={"minutes": 1.0})
    assert UNPLANNED > run.total > run.step


def test_a_run_that_stopped_before_its_length_was_known_gets_one(photographs, tmp_path):
    by_minutes = dataclasses.replace(CONFIG, steps=0, minutes=1.0)
    stop_after(training(tmp_path, photographs, by_minutes), 2)
    assert load_checkpoint(tmp_path)["total"] == UNPLANNED
    run = training(tmp_path, photographs, by_minutes, resume=True)
    assert UNPLANNED > run.total > run.step


def test_a_folder_that_holds_a_run_is_not_overwritten(photographs, unbroken):
    before = (unbroken / "checkpoint.pt").read_bytes()
    with pytest.raises(TrainingError, match="--resume"):
        training(unbroken, photographs)
    assert (unbroken / "checkpoint.pt").read_bytes() == before


def test_resuming_without_a_checkpoint_is_refused(photographs, tmp_path):
    with pytest.raises(TrainingError, match="no checkpoint to resume from"):
        training(tmp_path, photographs, resume=True)


def test_a_damaged_checkpoint_is_refused(photographs, unbroken, tmp_path):
    data = (unbroken / "checkpoint.pt").read_bytes()
    (tmp_path / "checkpoint.pt").write_bytes(data[: len(data) // 2])
    with pytest.raises(TrainingError, match="damaged"):
        training(tmp_path, photographs, resume=True)


def test_pictures_smaller_than_the_crop_are_no_pictures(tmp_path):
    (tmp_path / "data").mkdir()
    Image.new("RGB", (63, 200)).save(tmp_path / "data" / "narrow.png")
    with pytest.raises(TrainingError, match="at least 64 x 64"):
        training(tmp_path / "run", tmp_path / "data")


def test_validation_is_logged_at_the_end(photographs, tmp_path):
    config = dataclasses.replace(CONFIG, steps=1)
    codec_run(tmp_path, [photographs], photographs, config, MODEL, workers=0).run()
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    found = rows[-1]["validation"]
    assert rows[-1]["step"] == 1
    assert all(row["bpp"] > 0 and 0 < row["psnr"] < 60 for row in found)
    assert list(tmp_path.glob("events.out.tfevents*"))


def test_a_run_validates_on_its_way_and_ends_with_the_same_bits(photographs, unbroken, tmp_path, monkeypatch):
    monkeypatch.setattr("cotam.training.train_codec.CodecTask.validation_seconds", 0.0)
    training(tmp_path, photographs, validation=photographs).run()
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert {row["step"] for row in rows if "validation" in row} == {1, 2, 3, 4}
    assert_equal(states(tmp_path), states(unbroken))


def test_elic_trains_with_the_same_recipe(photographs, tmp_path, narrow_sizes):
    sizes = ElicConfig(**narrow_sizes, nodes=3)
    run = codec_run(tmp_path, [photographs], None, CONFIG, sizes, workers=0)
    before = {name: tensor.clone() for name, tensor in run.task.model.state_dict().items()}
    run.run()
    after = load_checkpoint(tmp_path)["model"]
    still = [name for name in after if torch.equal(before[name], after[name])]
    assert still == ["hyper_prior.medians", "context.thresholds"]


def test_gains_alone_are_trained_and_the_rest_stays_exactly(photographs, tmp_path, elic_path):
    model = load_model(elic_path)
    codec_run(tmp_path, [photographs], None, CONFIG, elic_path, only="gains", workers=0).run()
    export_model(tmp_path, tmp_path / "tuned.safetensors")
    tuned = load_model(tmp_path / "tuned.safetensors").network.state_dict()
    changed = {
        name for name, tensor in model.network.state_dict().items() if not torch.equal(tensor, tuned[name])
    }
    assert changed
    assert all(name.startswith("gains.") for name in changed)


def test_a_resumed_run_of_gains_alone_stays_one(photographs, tmp_path, elic_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    codec_run(whole, [photographs], None, CONFIG, elic_path, only="gains", workers=0).run()
    stop_after(codec_run(broken, [photographs], None, CONFIG, elic_path, only="gains", workers=0), 2)
    codec_run(broken, [photographs], None, CONFIG, None, resume=True, workers=0).run()
    assert_equal(states(whole), states(broken))


def test_a_run_begins_with_the_weights_of_a_model_and_its_file_says_so(photographs, tmp_path):
    training(tmp_path / "before", photographs).run()
    before = export_model(tmp_path / "before", tmp_path / "before.safetensors")
    given = str(tmp_path / "before.safetensors")
    run = training(tmp_path / "after", photographs, start=given)
    begun, stored = float_form(load_model(given).network).state_dict(), run.task.model.state_dict()
    assert all(torch.equal(begun[name], stored[name]) for name in begun)
    stop_after(run, 2)
    assert all(parameter.requires_grad for parameter in run.task.model.parameters())
    training(tmp_path / "after", photographs, resume=True).run()
    export_model(tmp_path / "after", tmp_path / "after.safetensors")
    assert (
        f"after {before['name']} ({before['model_id']}): 4 steps"
        in find_model(tmp_path / "after.safetensors").description
    )


def test_what_a_run_cannot_begin_with_is_refused(photographs, tmp_path, elic_path):
    with pytest.raises(ModelError, match="has other sizes than the model to train"):
        training(tmp_path, photographs, start=elic_path)
    with pytest.raises(ModelError, match="unknown model 'nobody'"):
        training(tmp_path, photographs, start="nobody")
    for options in ({"resume": True}, {"only": "gains"}):
        with pytest.raises(ValueError, match="has its weights already"):
            training(tmp_path, photographs, start=elic_path, **options)


def test_nothing_else_can_be_trained_alone(photographs, tmp_path, elic_path):
    with pytest.raises(ValueError, match="must be 'gains', not 'synthesis'"):
        codec_run(tmp_path, [photographs], None, CONFIG, elic_path, only="synthesis", workers=0)
