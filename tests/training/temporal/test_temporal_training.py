"""Training of predicted frames: pairs by index, what networks begin as, runs that resume, the file at the end."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from cotam.checkpoint.loading import load_model
from cotam.checkpoint.temporal import load_temporal
from cotam.entropy_models.temporal import INTER, SKIP
from cotam.errors import ModelError
from cotam.models.base_codec import round_plainly
from cotam.models.temporal import TemporalNetworks
from cotam.ops.quality import quality_hats
from cotam.ops.quantisation import round_straight_through
from cotam.training.checkpoints import load_checkpoint
from cotam.training.float_form import float_form
from cotam.training.task import Span
from cotam.training.temporal.config import TemporalTrainingConfig
from cotam.training.temporal.export import export_temporal
from cotam.training.temporal.pairs import PairDataset
from cotam.training.temporal.task import temporal_run

CONFIG = TemporalTrainingConfig(steps=3, batch=2, crop=64, warmup=1, scenes=0.3)


@pytest.fixture
def photographs(tmp_path: Path, make_picture) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for seed in range(2):
        Image.fromarray(make_picture(120, 140, seed)).save(folder / f"{seed}.png")
    return folder


def test_a_batch_is_a_function_of_its_index(make_picture) -> None:
    pairs = PairDataset([make_picture(120, 140, seed) for seed in range(2)], CONFIG)
    first, again, other = pairs[5], pairs[5], pairs[6]
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first.now, other.now)
    assert first.before.shape == first.now.shape == (2, 64, 64, 3)


def test_untrained_networks_price_differences_as_the_base_model_prices_pictures(
    random_model_path: Path,
) -> None:
    base = float_form(load_model(random_model_path).network)
    networks, config = TemporalNetworks.beginning_with(base), base.config
    y = torch.randn(1, config.latents, 4, 8) * 2
    z = torch.randn(1, config.hyper, 1, 2) * 2
    steps = torch.full((1, 4, 8), 300)
    hats, base_hats = quality_hats(steps, config.nodes), quality_hats(steps[:, :1, :1], config.nodes)
    modes, reference = torch.full((1, 4, 8), INTER), torch.randn_like(y)
    with torch.no_grad():
        values, bits, hyper_bits = networks(y, z, reference, modes, hats, base_hats, round_straight_through)
        expected = base._code(y, z, hats, steps[:, 0, 0], round_straight_through, round_plainly)
        nothing = networks(0 * y, z, reference, 0 * modes + SKIP, hats, base_hats, round_straight_through)
    assert all(torch.allclose(a, b) for a, b in zip((values, bits, hyper_bits), expected, strict=True))
    assert not any(part.any() for part in nothing)


def test_a_resumed_run_ends_like_an_unbroken_one_and_is_exported(
    tmp_path: Path, photographs: Path, random_model_path: Path
) -> None:
    arguments = ([photographs], [], CONFIG, str(random_model_path))
    temporal_run(tmp_path / "whole", *arguments).run()
    broken = temporal_run(tmp_path / "broken", *arguments)
    for batch in broken.task.batches(Span(0, 2, 3, first=0)):
        broken._update([batch])
    broken.save()
    temporal_run(tmp_path / "broken", *arguments, resume=True).run()
    whole, resumed = (load_checkpoint(tmp_path / name)["model"] for name in ("whole", "broken"))
    assert whole["context.reference.leave.weight"].any()
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)

    report = export_temporal(tmp_path / "whole", tmp_path / "temporal.safetensors")
    loaded = load_temporal(tmp_path / "temporal.safetensors")
    assert (loaded.card.name, loaded.card.temporal_id) == ("random-temporal", report["temporal_id"])
    damaged = bytearray((tmp_path / "temporal.safetensors").read_bytes())
    damaged[-1] ^= 1
    (tmp_path / "damaged.safetensors").write_bytes(damaged)
    with pytest.raises(ModelError, match="does not match its id"):
        load_temporal(tmp_path / "damaged.safetensors")
