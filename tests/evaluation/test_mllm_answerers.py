"""The harness on a real, if small and random, LLaVA of transformers."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from cotam.adapters import LatentAdapter, LatentAdapterConfig, TransformNeck, TransformNeckConfig
from cotam.checkpoint import adapter_choice
from cotam.checkpoint.adapter_cards import AdapterCard, AdapterFile, CodecIdentity, read_adapter_file
from cotam.checkpoint.adapter_choice import choose_adapter
from cotam.checkpoint.adapters import tower_identity, write_adapter
from cotam.codec import Codec
from cotam.errors import ModelError
from cotam.evaluation.accuracy.cache import AnswerCache
from cotam.evaluation.accuracy.plan import Plan, Rate
from cotam.evaluation.accuracy.run import evaluate
from cotam.evaluation.methods import load_methods
from cotam.evaluation.mllm_answerers import MllmAnswerers, mllm_identity
from cotam.levelvqa import scene, split_seeds
from cotam.mllm import Mllm, load_mllm

pytest.importorskip("transformers")
Adapters = dict[str, AdapterFile]


@pytest.fixture(scope="module")
def mllm(tmp_path_factory: pytest.TempPathFactory) -> Mllm:
    from llava_models import make_llava

    folder = tmp_path_factory.mktemp("llava")
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        model = make_llava(folder)
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.25)
    model.save_pretrained(folder)
    return load_mllm(folder)


@pytest.fixture(scope="module")
def adapters(mllm: Mllm, random_codec: Codec, tmp_path_factory: pytest.TempPathFactory) -> Adapters:
    """An adapter, its variant, and a neck, of random weights, for the MLLM and the random codec."""
    folder = tmp_path_factory.mktemp("adapters")
    tower = tower_identity("small", mllm.model.get_encoder(modality="image"))
    sizes: dict[str, Any] = {
        "latents": random_codec.network.config.latents,
        "width": 32,
        "grid": (4, 4),
        "heads": 2,
    }
    made = {}
    for number, name in enumerate(("small-adapter", "small-adapter-low-only", "small-neck-d1")):
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(number)
            network: Any = TransformNeck(TransformNeckConfig(**sizes, block=1))
            if "adapter" in name:
                network = LatentAdapter(LatentAdapterConfig(**sizes))
                network.out.weight.normal_(std=0.5)
        kind, setting = ("neck", "d1") if "neck" in name else ("adapter", None)
        identity = CodecIdentity("random", random_codec.model_id.hex())
        card = AdapterCard(name, kind, identity, tower, network.config.to_dict(), setting)  # type: ignore[arg-type]
        path = folder / f"{name}.safetensors"
        write_adapter(path, network, card)
        made[name] = read_adapter_file(path)
    return made


@pytest.fixture
def shipped(adapters: Adapters, monkeypatch: pytest.MonkeyPatch) -> Adapters:
    monkeypatch.setattr(adapter_choice, "known_adapters", lambda: tuple(adapters.values()))
    return adapters


def test_the_harness_asks_the_mllm_in_every_mode(mllm, shipped, random_model_path: Path, tmp_path: Path):
    names = ("cotam-s", "cotam-s+adapter", "cotam-s+adapter=low-only", "bridge-d1")
    plan = Plan(names, qualities=(80,), num=1, model=str(random_model_path), similarity=True)
    measured = evaluate(plan, load_methods(names, plan.model), MllmAnswerers(mllm), AnswerCache(tmp_path))
    entries = [measured.entries[name, Rate("quality", 80)][0] for name in names]
    assert len(set(measured.identities.values())) == 4
    assert {entry.bytes for entry in entries} == {entries[0].bytes}
    assert all(set(entry.answers) == set(entries[0].answers) for entry in entries)
    assert len({tuple(entry.similarity) for entry in entries}) == 4
    assert {len(entry.similarity) for entry in entries} == {4}


def test_answers_are_the_mllms_own(mllm, random_codec: Codec, shipped):
    stream = random_codec.encode(scene(split_seeds("test", 1)[0]).image, 60)
    answerer = MllmAnswerers(mllm).answerer("adapter", None, random_codec)
    entered = load_mllm(mllm.name, adapter=shipped["small-adapter"].path, codec=random_codec)
    question = "how many stars are there?"
    said = entered.answer(stream, question, mode="adapter", max_new_tokens=8)
    assert answerer.answer_batch([(stream, question)]) == [said]


def test_tokens_are_those_of_the_tower(mllm):
    picture = Image.new("RGB", (64, 64), "orange")
    tokens = MllmAnswerers(mllm).answerer("pixels", None, None).layer_tokens(picture)
    assert tokens.shape == (4, 17, 32)
    pixels = mllm.processor.image_processor(images=[picture], return_tensors="pt")["pixel_values"]
    last = mllm.model.get_encoder(modality="image")(pixels, output_hidden_states=True).hidden_states[-1]
    assert torch.equal(tokens[-1], last[0])


def test_another_weight_is_another_identity(mllm):
    before = mllm_identity(mllm)
    assert mllm_identity(mllm) == before
    weight = next(mllm.model.parameters())
    with torch.no_grad():
        weight.view(-1)[0] += 1
        assert mllm_identity(mllm) != before
        weight.view(-1)[0] -= 1


def test_the_adapter_that_ships_is_found_by_what_it_is_for(mllm, random_codec: Codec, shipped):
    tower, codec = shipped["small-adapter"].card.tower, random_codec.model_id.hex()
    for mode, name, expected in (
        ("adapter", None, "small-adapter"),
        ("adapter", "low-only", "small-adapter-low-only"),
        ("neck", "d1", "small-neck-d1"),
        ("neck", None, "small-neck-d1"),
        ("adapter", str(shipped["small-adapter"].path), "small-adapter"),
    ):
        assert choose_adapter(mode, name, codec, tower).card.name == expected


@pytest.mark.parametrize(
    ("mode", "name", "words"),
    [
        ("adapter", "high-only", "no latent adapter high-only ships"),
        ("neck", "d2", "no transform-neck d2 ships for codec"),
        ("adapter", "other", "unknown adapter 'other'"),
        ("neck", "adapter file", "is no transform-neck"),
    ],
)
def test_an_adapter_that_is_not_there_is_named(mllm, random_codec: Codec, shipped, mode, name, words):
    named = str(shipped["small-adapter"].path) if name == "adapter file" else name
    with pytest.raises(ModelError, match=words):
        MllmAnswerers(mllm).answerer(mode, named, random_codec)


def test_adapters_of_other_codecs_and_towers_are_not_taken(shipped, random_codec: Codec):
    tower = shipped["small-adapter"].card.tower
    with pytest.raises(ModelError, match="no latent adapter ships"):
        choose_adapter("adapter", None, "00000000", tower)
    with pytest.raises(ModelError, match="no latent adapter ships"):
        choose_adapter("adapter", None, random_codec.model_id.hex(), replace(tower, fingerprint="other"))
